// Code that must not compile, one attempt a definition; CMakeLists.txt has the compiler try each
// and looks for its complaint. Without a definition it compiles: so it is the attempts that do not.

#include <string>
#include <utility>

#include "hub/base/sealed.h"
#include "hub/disclosure/opener.h"

namespace signpost {

// A room that was handed a name to carry.
std::string Carry(const base::Sealed<std::string>& name, const base::Permit& permit,
                  disclosure::SealedAnswer answer) {
#if defined(READS_A_SEALED_VALUE)
  return name.Peek();
#elif defined(PEEKS_WITHOUT_A_KEY)
  return disclosure::Opener::Peek(name);
#elif defined(MAKES_A_KEY)
  return disclosure::Opener::Peek(disclosure::ComposerKey(), name);
#elif defined(MAKES_A_KEY_OF_BRACES)
  return disclosure::Opener::Peek({}, name);
#elif defined(FORGES_A_PERMIT)
  const base::Permit forged(0, {});
  return std::move(answer).Release(forged, 0);
#elif defined(RELEASES_WITHOUT_A_PERMIT)
  return std::move(answer).Release();
#elif defined(READS_A_CLOSED_ANSWER)
  return answer.bytes_;
#else
  (void)name;
  return std::move(answer).Release(permit, 0);
#endif
}

}  // namespace signpost
