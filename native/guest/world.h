// What programs expect to find around them: mounts, links, a name.
#pragma once

namespace ringside::guest {

// Mounts what every program expects, and makes the links that udev would. Ends the machine where it cannot be.
void makeWorld(const char* hostname);

}  // namespace ringside::guest
