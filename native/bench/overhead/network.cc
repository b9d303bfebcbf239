// A byte to another process and back over TCP on the loopback, which is brought up where nobody has (netdevice(7)).
#include <linux/if.h>
#include <linux/in.h>
#include <linux/socket.h>
#include <linux/sockios.h>
#include <linux/tcp.h>

#include "raw.h"

namespace overhead {

namespace {

constexpr u64 kRounds = 100;
constexpr int kInternet = 2, kStream = 1, kDatagram = 2;
constexpr long kNetworkUnreachable = -101, kAddressNotAvailable = -99;

sockaddr_in loopback(unsigned short port) {
  sockaddr_in place{};
  place.sin_family = kInternet;
  place.sin_port = port;
  place.sin_addr.s_addr = __builtin_bswap32(0x7f000001);
  return place;
}

// A fresh network namespace's loopback is down; its owner may bring it up.
void bringUp() {
  const long socket = checked("socket", call(__NR_socket, kInternet, kDatagram, 0));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  checked("ioctl SIOCSIFFLAGS", call(__NR_ioctl, socket, SIOCSIFFLAGS, address(&request)));
  call(__NR_close, socket);
}

void sendAtOnce(long socket) {
  const int yes = 1;
  checked("setsockopt", call(__NR_setsockopt, socket, IPPROTO_TCP, TCP_NODELAY, address(&yes), sizeof yes));
}

bool take(long socket) {
  u8 byte;
  return call(__NR_read, socket, address(&byte), 1) == 1;
}

void put(long socket) {
  const u8 byte = 1;
  checked("write", call(__NR_write, socket, address(&byte), 1));
}

}  // namespace

void measureTcp() {
  const OneProcessor pinned;
  const long server = checked("socket", call(__NR_socket, kInternet, kStream, 0));
  sockaddr_in place = loopback(0);
  long bound = call(__NR_bind, server, address(&place), sizeof place);
  if (bound == kAddressNotAvailable || bound == kNetworkUnreachable) {
    bringUp();
    bound = call(__NR_bind, server, address(&place), sizeof place);
  }
  checked("bind", bound);
  checked("listen", call(__NR_listen, server, 1));
  int length = sizeof place;
  checked("getsockname", call(__NR_getsockname, server, address(&place), address(&length)));
  const long echo = checked("fork", fork());
  if (echo == 0) {
    dieWithParent();
    const long client = checked("accept4", call(__NR_accept4, server, 0, 0, 0));
    sendAtOnce(client);
    while (take(client)) put(client);
    exit(0);
  }
  const long socket = checked("socket", call(__NR_socket, kInternet, kStream, 0));
  long connected = call(__NR_connect, socket, address(&place), sizeof place);
  if (connected == kNetworkUnreachable) {
    bringUp();
    connected = call(__NR_connect, socket, address(&place), sizeof place);
  }
  if (connected < 0) {
    kill(echo);
    refuse("connect", connected);
  }
  sendAtOnce(socket);
  put(socket);
  take(socket);
  const u64 start = nowNs();
  for (u64 round = 0; round < kRounds; round++) {
    put(socket);
    take(socket);
  }
  const u64 ns = nowNs() - start;
  kill(echo);
  sampleNs("tcpRoundTrip", ns, kRounds);
}

}  // namespace overhead
