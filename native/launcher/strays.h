// Processes that are nobody's: their parents have gone, and the launcher, as their subreaper, has become their parent.
#pragma once

namespace ringside {

// Ends all of them, and all that they leave in their turn. What a program left in the background goes with the launcher,
// as everything does that it started; whoever wants it to stay lets go of it (RequestKind::release), as with OCI's hooks.
// Most goes earlier, with a pid namespace or a group: this is for what was started in neither. Who is in another group
// than we are was started in a container that is still there, and goes with that; what has become another user's by a
// set-user-ID program cannot be killed.
void endStrays();

}  // namespace ringside
