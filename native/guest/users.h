// Who a program in the guest is: `user[:group]`, names or numbers, looked up in the guest's own passwd(5) and group(5).
// runtime/container/user.ts has the same rules for the host's side.
#pragma once
#include <string>
#include <vector>

#include <sys/types.h>

namespace ringside::guest {

struct User {
  uid_t user;
  gid_t group;
  std::vector<gid_t> groups;
  std::string home;
};

// Returns why there is no such user; empty when `found` is filled.
std::string findUser(const std::string& wanted, User& found);

// The home directory of a user that is known by number; "/" where passwd(5) does not say.
std::string homeOf(uid_t user);

}  // namespace ringside::guest
