// Messages with descriptors over a SOCK_SEQPACKET socket (unix(7), SCM_RIGHTS).
#pragma once
#include <cstddef>

namespace ringside {

// False and errno on failure. EAGAIN cannot happen: the sockets of the launcher block when they send.
bool sendMessage(int socket, const void* data, std::size_t bytes, const int* fds, unsigned fdCount);

struct Received {
  long bytes;  // 0: the other end is closed; -1: errno says
  unsigned fdCount;
};

// Descriptors arrive close-on-exec. A message that does not fit, or with more descriptors than `mostFds`, is refused
// with EMSGSIZE and its descriptors are closed; with EMFILE where this process may not have so many. What fits into
// `data` is there all the same.
Received receiveMessage(int socket, void* data, std::size_t bytes, int* fds, unsigned mostFds);

}  // namespace ringside
