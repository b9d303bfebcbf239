// A root file system on a disk: read-only, with a writable overlay in memory, see
// Documentation/filesystems/overlayfs.rst and, for the switch, ramfs-rootfs-initramfs.rst of the kernel.
#pragma once
#include "run-file.h"

namespace ringside::guest {

// Makes the disk's file system, or where there is none the initramfs, the root of this process and of all that follow.
// The kernel lets nobody pivot_root(2) away from the initramfs itself, which containers in the guest have to: so that
// too is entered through a mount of its own. Ends the machine where it cannot be.
void switchRoot(const Run& run);

}  // namespace ringside::guest
