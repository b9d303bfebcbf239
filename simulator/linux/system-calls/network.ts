/** System calls on sockets. */
import { call, type SystemCallRow, unix } from "./row.ts";

export const NETWORK_CALLS: readonly SystemCallRow[] = [
  call(41, "socket", "domain, type, protocol", "sock_create, sock_map_fd", unix("BPX1SOC"), {
    service: "socket",
    cost: "linux.call.socket",
    gvisor: "network",
  }),
  call(42, "connect", "sockfd, addr, addrlen", "tcp_v4_connect, wait for the answer", unix("BPX1CON"), {
    service: "connect",
    guest: "network",
    gvisor: "network",
  }),
  call(43, "accept", "sockfd, addr, addrlen", "inet_csk_accept, schedule", unix("BPX1ACP"), {
    service: "accept",
    guest: "network",
    gvisor: "network",
  }),
  call(
    44,
    "sendto",
    "sockfd, buf, size, flags, dest_addr, addrlen",
    "tcp_sendmsg, ip_queue_xmit, dev_queue_xmit",
    unix("BPX1SND"),
    {
      service: "send",
      cost: "linux.call.sendto",
      guest: "network",
      gvisor: "network",
    },
  ),
  call(45, "recvfrom", "sockfd, buf, size, flags, src_addr, addrlen", "tcp_recvmsg, schedule", unix("BPX1RCV"), {
    service: "receive",
    cost: "linux.call.recvfrom",
    guest: "network",
    gvisor: "network",
  }),
  call(46, "sendmsg", "sockfd, msg, flags", "___sys_sendmsg, tcp_sendmsg", unix("BPX1SMS"), {
    cost: "linux.call.sendto",
    guest: "network",
    gvisor: "network",
  }),
  call(47, "recvmsg", "sockfd, msg, flags", "___sys_recvmsg, tcp_recvmsg", unix("BPX1RMS"), {
    cost: "linux.call.recvfrom",
    guest: "network",
    gvisor: "network",
  }),
  call(48, "shutdown", "sockfd, how", "inet_shutdown", unix("BPX1SHT"), {
    service: "shutdown",
    guest: "network",
    gvisor: "network",
  }),
  call(49, "bind", "sockfd, addr, addrlen", "inet_bind", unix("BPX1BND"), {
    service: "bind",
    cost: "linux.call.bind",
    gvisor: "network",
  }),
  call(50, "listen", "sockfd, backlog", "inet_listen", unix("BPX1LSN"), {
    service: "listen",
    cost: "linux.call.listen",
    gvisor: "network",
  }),
  call(53, "socketpair", "domain, type, protocol, sv", "unix_socketpair", unix("BPX1SOC"), {
    cost: "linux.call.socketpair",
    gvisor: "network",
  }),
  call(52, "getpeername", "sockfd, addr, addrlen", "inet_getname", unix("BPX1GNM"), {
    service: "getpeername",
    gvisor: "network",
  }),
  call(54, "setsockopt", "sockfd, level, optname, optval, optlen", "tcp_setsockopt", unix("BPX1OPT"), {
    cost: "linux.call.setsockopt",
    gvisor: "network",
  }),
];
