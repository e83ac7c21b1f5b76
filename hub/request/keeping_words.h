// TermsInWords() is a converter that says on the wire how long flags of one service are kept.
//
// Pure; thread-safe.

#ifndef SIGNPOST_HUB_REQUEST_KEEPING_WORDS_H_
#define SIGNPOST_HUB_REQUEST_KEEPING_WORDS_H_

#include <string>

#include "hub/people/keeping.h"
#include "signpost/v1/archive.pb.h"

namespace signpost::request {

// `service` empty: every other.
inline v1::KeepingTerms TermsInWords(const std::string& service,
                                     const people::KeepingTerms& terms) {
  v1::KeepingTerms told;
  told.set_service(service);
  told.set_archived_after_months(terms.archived_after_months);
  told.set_erased_after_years(terms.erased_after_years);
  told.set_erased_at_age(terms.erased_at_age);
  if (terms.erased_at_age != 0) {
    told.set_whichever(terms.later ? v1::KEEPING_WHICHEVER_LATER : v1::KEEPING_WHICHEVER_EARLIER);
  }
  told.set_erased_after_death_years(terms.erased_after_death_years);
  return told;
}

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_KEEPING_WORDS_H_
