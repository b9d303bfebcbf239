#!/bin/busybox sh
# The first program of the guest of `npm run test:v2`: makes a system with cgroup v2 only out of the read-only disk and
# what the initial RAM disk has carried in, runs /carried/command there, and turns the machine off.
#
# The first serial line is for people (the kernel's log, whatever goes wrong), the second carries the report.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
busybox=/bin/busybox

$busybox mount -t proc proc /proc
$busybox mount -t sysfs sysfs /sys
$busybox mount -t devtmpfs devtmpfs /dev
for module in $($busybox ls /modules); do $busybox insmod "/modules/$module"; done

$busybox mount -t ext4 -o ro /dev/vda /disk || exec $busybox poweroff -f
$busybox mount -t tmpfs tmpfs /disk/carried
$busybox cp -a /carried/. /disk/carried
for place in proc sys dev; do $busybox mount --move "/$place" "/disk/$place"; done
# The root becomes the disk: the runtime's tests pivot, which the kernel refuses below the initial RAM disk itself.
exec $busybox switch_root /disk /carried/checkout/test/v2/guest/system.sh
