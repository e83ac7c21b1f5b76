#include "policy/diagnostic.h"

#include "absl/strings/str_cat.h"

namespace signpost::policy {

std::string Diagnostic::ToString() const {
  std::string text = absl::StrCat(line, ":", column, ": ", message);
  if (!suggestion.empty()) absl::StrAppend(&text, "; did you mean '", suggestion, "'?");
  return text;
}

}  // namespace signpost::policy
