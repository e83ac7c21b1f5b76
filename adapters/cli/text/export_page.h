// An export page is what a data protection officer reads of an export, on a screen: what is held,
// which may be handed to the young person, and apart from it what is left out, which may not.
//
// Pure functions; thread-safe.

#ifndef SIGNPOST_ADAPTERS_CLI_TEXT_EXPORT_PAGE_H_
#define SIGNPOST_ADAPTERS_CLI_TEXT_EXPORT_PAGE_H_

#include <string>

#include "signpost/v1/person.pb.h"

namespace signpost::adapters::cli {

// All that is held, with nothing of what is left out.
std::string RenderExport(const signpost::v1::PersonExport& held);
// What is left out, why and who decides, with the ids of what the officer may include.
std::string RenderExclusions(const signpost::v1::PersonExport& held);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_TEXT_EXPORT_PAGE_H_
