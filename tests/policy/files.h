// These are paths by which the tests find the policies that ship.

#ifndef SIGNPOST_TESTS_POLICY_FILES_H_
#define SIGNPOST_TESTS_POLICY_FILES_H_

#include <fstream>
#include <sstream>
#include <string>

namespace signpost::policy::testing {

// The text of policy/shipped/<name>.policy, or "" where it cannot be read (which compiles to
// faults).
inline std::string ShippedPolicy(const std::string& name) {
  std::ifstream file(std::string(SIGNPOST_SOURCE_DIR) + "/policy/shipped/" + name + ".policy");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace signpost::policy::testing

#endif  // SIGNPOST_TESTS_POLICY_FILES_H_
