// The opener is the one place where a personal value is read, and what keeps it from leaving too
// early.
//
// An answer must be hashed before its ledger entry is written (the entry names the hash), and may
// be read by nobody before that entry is durable. So composers (composer_key.h) read sealed values
// into a message and close it to a SealedAnswer, which tells its hash and its size to anybody and
// its bytes only against the Permit of the entry that names that hash.
//
// Nothing here is shared between threads.

#ifndef SIGNPOST_HUB_DISCLOSURE_OPENER_H_
#define SIGNPOST_HUB_DISCLOSURE_OPENER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "hub/base/check.h"
#include "hub/base/crypto.h"
#include "hub/base/sealed.h"
#include "hub/disclosure/composer_key.h"

namespace signpost::disclosure {

// Answers leave in whole steps of this many bytes, so that their size says little.
inline constexpr size_t kAnswerSizeStep = 1024;

// A reply that is complete and closed.
class SealedAnswer {
 public:
  // SHA-256 of the bytes as they will be sent.
  const std::string& hash() const { return hash_; }
  size_t size() const { return bytes_.size(); }

  // The bytes, against proof that entry number `i` of an operation names hash() and is durable. A
  // permit that stands for something else is a fault of our own: the process ends.
  std::string Release(const base::Permit& permit, size_t i = 0) && {
    CHECK(permit.Names(hash_, i));
    return std::move(bytes_);
  }

 private:
  friend class Opener;
  explicit SealedAnswer(std::string bytes)
      : bytes_(std::move(bytes)), hash_(base::Sha256(bytes_)) {}
  std::string bytes_;
  std::string hash_;
};

class Opener {
 public:
  // Closes a serialised answer to a whole number of kAnswerSizeStep bytes. `padding` is the number, 1
  // to 15, of the message's field that takes zeros.
  static SealedAnswer ClosePadded(std::string answer, int padding) {
    // Tag and length of the padding itself: 1 byte of tag and 2 of length from 128 zeros on.
    size_t target = (answer.size() + kAnswerSizeStep) / kAnswerSizeStep * kAnswerSizeStep;
    if (target - answer.size() < 3 + 128) target += kAnswerSizeStep;
    const size_t zeros = target - answer.size() - 3;
    answer.push_back(static_cast<char>((padding << 3) | 2));  // length-delimited
    answer.push_back(static_cast<char>((zeros & 0x7f) | 0x80));
    answer.push_back(static_cast<char>(zeros >> 7));
    answer.resize(target, '\0');
    return SealedAnswer(std::move(answer));
  }
  static SealedAnswer Close(const google::protobuf::MessageLite& answer) {
    return SealedAnswer(answer.SerializeAsString());
  }

  // Reads `sealed` into an answer under composition. What is read goes into a message or bytes that
  // end in Close() or ClosePadded().
  template <typename T>
  static const T& Peek(const ComposerKey&, const base::Sealed<T>& sealed) {
    return sealed.Peek();
  }
};

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_OPENER_H_
