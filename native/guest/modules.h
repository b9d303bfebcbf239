// The drivers that the guest's kernel has as modules, and this boot needs: init_module(2).
#pragma once

namespace ringside::guest {

// Loads the files in their order, with the parameters that the kernel's command line has for them (`NAME.key=value`,
// Documentation/admin-guide/kernel-parameters.rst), and deletes them: an initramfs is memory. Ends the machine where one
// cannot be loaded.
void loadModules(char** paths);

}  // namespace ringside::guest
