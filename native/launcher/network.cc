#include "network.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::network {

namespace {

constexpr std::size_t kReceiveBytes = 32768;  // as large as the kernel makes a part of a dump

int setUp(int socket, const char* name) {
  ifreq request{};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(socket, SIOCGIFFLAGS, &request) < 0) return -1;
  request.ifr_flags |= IFF_UP;
  return ioctl(socket, SIOCSIFFLAGS, &request);
}

// One request of rtnetlink, built attribute by attribute.
template <typename Header>
class Message {
 public:
  Message(std::uint16_t type, std::uint16_t flags) {
    head().nlmsg_type = type;
    head().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    head().nlmsg_len = NLMSG_LENGTH(sizeof(Header));
  }
  Header& header() { return *static_cast<Header*>(NLMSG_DATA(bytes_.data())); }
  void add(std::uint16_t type, const void* data, std::size_t length) {
    const std::size_t at = NLMSG_ALIGN(head().nlmsg_len);
    if (at + RTA_SPACE(length) > bytes_.size()) return;  // addresses and names are far shorter
    rtattr attribute{static_cast<unsigned short>(RTA_LENGTH(length)), type};
    memcpy(bytes_.data() + at, &attribute, sizeof attribute);
    memcpy(bytes_.data() + at + RTA_LENGTH(0), data, length);
    head().nlmsg_len = static_cast<std::uint32_t>(at + RTA_LENGTH(length));
  }
  bool send(int socket) const {
    const auto* head = reinterpret_cast<const nlmsghdr*>(bytes_.data());
    return ::send(socket, bytes_.data(), head->nlmsg_len, 0) == static_cast<ssize_t>(head->nlmsg_len);
  }

 private:
  nlmsghdr& head() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  alignas(nlmsghdr) std::array<char, 512> bytes_{};
};

// Reads answers until the acknowledgement or the end of a dump. `each` sees every message between. 0, or an errno.
template <typename Each>
int readAnswers(int socket, Each each) {
  std::vector<char> buffer(kReceiveBytes);
  while (true) {
    const ssize_t count = recv(socket, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    auto left = static_cast<unsigned>(count);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return 0;
      if (message->nlmsg_type == NLMSG_ERROR) return -static_cast<nlmsgerr*>(NLMSG_DATA(message))->error;
      each(message);
    }
  }
}

int acknowledged(int socket) {
  return readAnswers(socket, [](const nlmsghdr*) {});
}

struct Address {
  ifaddrmsg header;
  std::vector<char> attributes;
};

// Those that mean the same elsewhere: not bound to this link or host, and set by somebody rather than learned
// (runtime-spec, config-linux.md, "Network Devices").
int readAddresses(int socket, int index, std::vector<Address>& found) {
  Message<ifaddrmsg> ask(RTM_GETADDR, NLM_F_DUMP);
  if (!ask.send(socket)) return errno;
  return readAnswers(socket, [&](nlmsghdr* message) {
    const auto* header = static_cast<ifaddrmsg*>(NLMSG_DATA(message));
    if (header->ifa_index != static_cast<unsigned>(index) || header->ifa_scope != RT_SCOPE_UNIVERSE ||
        (header->ifa_flags & IFA_F_PERMANENT) == 0)
      return;
    const char* first = reinterpret_cast<const char*>(IFA_RTA(header));
    found.push_back({*header, std::vector<char>(first, first + IFA_PAYLOAD(message))});
  });
}

int addAddress(int socket, int index, Address& address) {
  Message<ifaddrmsg> add(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  add.header() = address.header;
  add.header().ifa_index = static_cast<unsigned>(index);
  auto left = static_cast<unsigned>(address.attributes.size());
  for (auto* one = reinterpret_cast<rtattr*>(address.attributes.data()); RTA_OK(one, left); one = RTA_NEXT(one, left)) {
    if (one->rta_type == IFA_LOCAL || one->rta_type == IFA_ADDRESS || one->rta_type == IFA_BROADCAST)
      add.add(one->rta_type, RTA_DATA(one), RTA_PAYLOAD(one));
  }
  if (!add.send(socket)) return errno;
  const int error = acknowledged(socket);
  return error == EEXIST ? 0 : error;
}

Descriptor routeSocket() { return Descriptor(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)); }

int indexOf(int socket, const char* name) {
  ifreq request{};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return ioctl(socket, SIOCGIFINDEX, &request) < 0 ? -1 : request.ifr_ifindex;
}

// A socket keeps the network namespace that it was made in; the launcher itself comes back at once.
struct Sockets {
  Descriptor route;
  Descriptor plain;
};
bool openInside(pid_t pid, Sockets& sockets) {
  const Descriptor home(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  const Descriptor process(sys::pidfd_open(pid));
  if (!home || !process || setns(process.get(), CLONE_NEWNET) < 0) return false;
  sockets.route = routeSocket();
  sockets.plain = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int error = errno;
  while (setns(home.get(), CLONE_NEWNET) < 0) continue;  // out of memory for a moment: nothing else can refuse it
  errno = error;
  return sockets.route && sockets.plain;
}

}  // namespace

Outcome loopbackUp(const Step&, Execution&) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return Outcome::failed(errno);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ioctl(socket.get(), SIOCSIFFLAGS, &request) < 0 ? Outcome::failed(errno) : Outcome::done();
}

// The kernel drops a device's addresses on its way, so they are read before and set again after.
Outcome moveNetDevice(const Step& step, Execution& execution) {
  using namespace argument::moveNetDevice;
  const char* name = step.text(k_name);
  const char* newName = step.text(k_newName);
  if (step.list(k_name).length >= IFNAMSIZ || step.list(k_newName).length >= IFNAMSIZ) return Outcome::failed(ENAMETOOLONG);
  const Descriptor here = routeSocket();
  const Descriptor plain(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!here || !plain) return Outcome::failed(errno);
  const int index = indexOf(plain.get(), name);
  if (index < 0) return Outcome::failed(errno);
  std::vector<Address> addresses;
  if (const int error = readAddresses(here.get(), index, addresses); error != 0) return Outcome::failed(error);

  Message<ifinfomsg> move(RTM_NEWLINK, NLM_F_ACK);
  move.header().ifi_index = index;
  const auto pid = static_cast<std::uint32_t>(execution.pid);
  move.add(IFLA_NET_NS_PID, &pid, sizeof pid);
  move.add(IFLA_IFNAME, newName, strlen(newName) + 1);
  if (!move.send(here.get())) return Outcome::failed(errno);
  if (const int error = acknowledged(here.get()); error != 0) return Outcome::failed(error);

  Sockets inside;
  if (!openInside(execution.pid, inside)) return Outcome::failed(errno);
  const int newIndex = indexOf(inside.plain.get(), newName);
  if (newIndex < 0) return Outcome::failed(errno);
  for (Address& address : addresses) {
    if (const int error = addAddress(inside.route.get(), newIndex, address); error != 0) return Outcome::failed(error);
  }
  return setUp(inside.plain.get(), newName) < 0 ? Outcome::failed(errno) : Outcome::done();
}

}  // namespace ringside::network
