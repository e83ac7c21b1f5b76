// A statement is a page that says what a young person agreed to: one page to print and keep.
//
// Written for a reader of about eleven: short sentences, everyday words; a test measures it. It
// says what the hub told the worker who prints it and nothing more. Pure; thread-safe.

#ifndef SIGNPOST_ADAPTERS_CLI_TEXT_STATEMENT_H_
#define SIGNPOST_ADAPTERS_CLI_TEXT_STATEMENT_H_

#include <map>
#include <string>
#include <vector>

#include "signpost/v1/consent.pb.h"

namespace signpost::adapters::cli {

// The records of `list` that hold now or later, or only `consent_id` when that is not empty.
// `names` are the agencies' names by their ids; one without a name appears by its id.
std::string RenderStatement(const signpost::v1::ConsentList& list,
                            const std::map<std::string, std::string>& names,
                            const std::string& consent_id);

// What `scope` of a yes, or of a no, covers: in sentences to the young person, its exceptions too.
std::vector<std::string> CoveredSentences(const signpost::v1::ConsentScope& scope, bool yes,
                                          const std::map<std::string, std::string>& names);
// Of a v1.Purpose: "to plan help for you".
std::string PurposeInWords(int purpose);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_TEXT_STATEMENT_H_
