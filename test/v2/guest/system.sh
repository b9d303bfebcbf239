#!/bin/busybox sh
# The guest once its root is the disk: what systemd mounts on a distribution with cgroup v2 only, and no more.
export PATH=/carried/checkout/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root TERM=dumb LANG=C.UTF-8 RINGSIDE_CACHE=/carried/cache RINGSIDE_COMPILED=/carried/compiled RINGSIDE_BUNDLED=1
# What the host has compiled (compile-cache.ts).
export NODE_COMPILE_CACHE=/carried/checkout/dist/.compiled-v2 NODE_COMPILE_CACHE_PORTABLE=1

mount --make-rshared /
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
for place in /dev/shm /run /tmp /var /root; do mount -t tmpfs tmpfs "$place"; done
chmod 1777 /tmp /dev/shm
mkdir -p /var/lib /var/tmp
mount -t mqueue mqueue /dev/mqueue
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind /node_modules /carried/checkout/node_modules
chmod -R a+rX /carried/checkout/dist
ip link set lo up
hostname guest

if [ -e /carried/systemd ]; then
  # systemd as process 1, as on a distribution, with its bus and one unit more: the command.
  mkdir -p /run/systemd/system
  cd /run/systemd/system
  cat >command.service <<UNIT
[Unit]
DefaultDependencies=no
Wants=dbus.service
After=dbus.service
[Service]
Environment=PATH=$PATH HOME=$HOME TERM=$TERM LANG=$LANG RINGSIDE_CACHE=$RINGSIDE_CACHE RINGSIDE_COMPILED=$RINGSIDE_COMPILED RINGSIDE_BUNDLED=$RINGSIDE_BUNDLED NODE_COMPILE_CACHE=$NODE_COMPILE_CACHE NODE_COMPILE_CACHE_PORTABLE=1
ExecStart=/carried/checkout/test/v2/guest/command.sh
TasksMax=infinity
UNIT
  cat >dbus.service <<UNIT
[Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation --syslog-only
UNIT
  cat >dbus.socket <<UNIT
[Unit]
DefaultDependencies=no
[Socket]
ListenStream=/run/dbus/system_bus_socket
UNIT
  exec /lib/systemd/systemd --system --unit=command.service --show-status=no --log-target=console --log-level=err
fi
exec /carried/checkout/test/v2/guest/command.sh
