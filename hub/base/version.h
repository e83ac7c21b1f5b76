// kVersion is a constant that says which version of Signpost a program is: the hub, the command and
// the witness are built, tested and released together. CMakeLists.txt names the same one, and a test
// holds both equal.

#ifndef SIGNPOST_HUB_BASE_VERSION_H_
#define SIGNPOST_HUB_BASE_VERSION_H_

namespace signpost::base {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_VERSION_H_
