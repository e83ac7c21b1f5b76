// A Diagnostic is a finding that tells an author what is wrong with their text, and where.
//
// A plain value; copy it freely.

#ifndef SIGNPOST_POLICY_DIAGNOSTIC_H_
#define SIGNPOST_POLICY_DIAGNOSTIC_H_

#include <string>

namespace signpost::policy {

inline constexpr int kDiagnosticsMax = 100;  // of one text; later ones are dropped

// One thing wrong with a policy text. Lines and columns count from 1, columns in bytes; line 0 is
// the vocabulary.
struct Diagnostic {
  int line = 0;
  int column = 0;
  std::string words;       // the words at fault
  std::string message;     // what is wrong, as a sentence
  std::string suggestion;  // the nearest known word, or empty

  // "3:17: unknown service 'huosing'; did you mean 'housing'?"
  std::string ToString() const;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_DIAGNOSTIC_H_
