// MakeKeyring() is a maker of keyrings that need no store, for tests.

#ifndef SIGNPOST_TESTS_BASE_TEST_KEYRING_H_
#define SIGNPOST_TESTS_BASE_TEST_KEYRING_H_

#include <memory>
#include <string>

#include "hub/base/crypto.h"
#include "hub/base/keyring.h"

namespace signpost::base::testing {

// Root key and master key are both 32 times `fill`.
inline std::unique_ptr<Keyring> MakeKeyring(char fill) {
  const std::string bytes(32, fill);
  return Keyring::Create(SecretKey::FromBytes(bytes).value(), MasterKey::FromBytes(bytes).value())
      .value();
}

}  // namespace signpost::base::testing

#endif  // SIGNPOST_TESTS_BASE_TEST_KEYRING_H_
