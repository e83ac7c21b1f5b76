// A letter is a text in plain English that tells a young person what is held about them and who
// looked, made of an export, for a data protection officer to read, put their own words above, and
// send.
//
// One line a look. Agencies are called by their names. What is not in it is said in sentences that
// are the same in every letter: not even that something was left out may tell, for a letter may be
// read by somebody else in the home, and by whom an enquiry is about. Where somebody is shielded no
// letter says where they live.
//
// As text of 80 columns, and as one page of HTML that needs nothing else: no script, no style from
// elsewhere, headings and lists that a screen reader knows. What an agency or a hub sent is cleaned
// of control characters and, in HTML, escaped.
//
// Pure functions; thread-safe.

#ifndef SIGNPOST_ADAPTERS_CLI_TEXT_LETTER_H_
#define SIGNPOST_ADAPTERS_CLI_TEXT_LETTER_H_

#include <string>

#include "signpost/v1/person.pb.h"

namespace signpost::adapters::cli {

std::string LetterText(const signpost::v1::PersonExport& held);
std::string LetterHtml(const signpost::v1::PersonExport& held);

// What was done, of an entry that an export may tell: "asked who works with you".
std::string DoneInWords(signpost::ledger::v1::EntryKind kind);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_TEXT_LETTER_H_
