#include "network.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../descriptor.h"

namespace ringside::guest {

namespace {

constexpr const char* kDevice = "eth0";
constexpr const char* kResolver = "/etc/resolv.conf";

std::string failure(const char* what) { return std::string(what) + ": " + strerror(errno); }

bool parse(const char* text, sockaddr& address) {
  sockaddr_in internet{};
  internet.sin_family = AF_INET;
  if (inet_pton(AF_INET, text, &internet.sin_addr) != 1) return false;
  static_assert(sizeof address == sizeof internet);
  memcpy(&address, &internet, sizeof internet);
  return true;
}

sockaddr maskOf(unsigned prefixLength) {
  sockaddr_in internet{};
  internet.sin_family = AF_INET;
  internet.sin_addr.s_addr = htonl(prefixLength == 0 ? 0 : ~uint32_t{0} << (32 - prefixLength));
  sockaddr address{};
  memcpy(&address, &internet, sizeof internet);
  return address;
}

ifreq requestFor(const char* device) {
  ifreq request{};
  strncpy(request.ifr_name, device, sizeof request.ifr_name - 1);
  return request;
}

bool raise(int fd, const char* device) {
  ifreq request = requestFor(device);
  if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) return false;
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

// The image's own may be a link to somewhere that only its own init would make.
std::string writeResolver(const char* nameServer) {
  mkdir("/etc", 0755);
  unlink(kResolver);
  const Descriptor file(open(kResolver, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file) return failure(kResolver);
  const std::string text = std::string("nameserver ") + nameServer + "\n";
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return failure(kResolver);
  return "";
}

}  // namespace

void raiseLoopback() {
  const Descriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd) raise(fd.get(), "lo");
}

std::string raiseNetwork(const Network& network) {
  const Descriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return failure("socket");
  ifreq address = requestFor(kDevice);
  ifreq mask = requestFor(kDevice);
  rtentry route{};
  sockaddr server{};
  errno = EINVAL;
  if (network.prefixLength > 32 || !parse(network.address, address.ifr_addr)) return failure("the guest's address");
  if (!parse(network.gateway, route.rt_gateway)) return failure("the gateway's address");
  if (!parse(network.nameServer, server)) return failure("the name server's address");
  mask.ifr_netmask = maskOf(network.prefixLength);
  if (ioctl(fd.get(), SIOCSIFADDR, &address) != 0) return failure("giving eth0 its address");
  if (ioctl(fd.get(), SIOCSIFNETMASK, &mask) != 0) return failure("giving eth0 its netmask");
  if (!raise(fd.get(), kDevice)) return failure("bringing eth0 up");
  route.rt_dst = maskOf(0);
  route.rt_genmask = maskOf(0);
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  if (ioctl(fd.get(), SIOCADDRT, &route) != 0 && errno != EEXIST) return failure("setting the way to the gateway");
  return writeResolver(network.nameServer);
}

}  // namespace ringside::guest
