// The letter that a young person reads: what it says, and what it does not say to whoever else
// reads it.

#include "adapters/cli/text/letter.h"

#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/text/export_page.h"
#include "adapters/cli/text/page.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

signpost::v1::PersonExport Held() {
  signpost::v1::PersonExport held;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
    made_at { seconds: 1795308428 } agency_id: "nortown-social-services"
    agency_names { agency_id: "nortown-social-services" name: "Nortown Social Services" }
    agency_names { agency_id: "nortown-yot" name: "Nortown YOT" }
    agency_names { agency_id: "northern-connexions" name: "Northern Connexions" }
    details {
      agency_id: "nortown-yot" since { seconds: 1795308428 }
      details {
        given_names: "Tariq" surname: "Mahmood" birth_date { year: 2009 month: 5 day: 17 }
        identifiers { kind: IDENTIFIER_KIND_NHS_NUMBER value: "9434765919" }
        postcode: "NT4 7QX"
      }
    }
    flags {
      agency_id: "nortown-yot" service: "youth-offending" status: FLAG_STATUS_OPEN
      opened_on { year: 2026 month: 9 day: 1 } assessment_kinds: "asset" worker_role: "yot-officer"
    }
    waiting { agency_id: "northern-connexions" reports: 1 }
    consents {
      recorded_by_agency_id: "northern-connexions" decision: CONSENT_DECISION_GIVEN
      kind: CONSENT_KIND_SHARE_CONFIDENTIAL grantor: GRANTOR_SELF
      valid_from { seconds: 1795308428 }
      scope {
        holder_agency_ids: "nortown-yot" recipient_agency_ids: "northern-connexions"
        purposes: PURPOSE_SUPPORT_PLANNING exceptions { sections: "lifestyle" }
      }
    }
    accesses {
      at { seconds: 1795308428 } kind: ENTRY_KIND_WHO_KNOWS agency_id: "northern-connexions"
      role: "personal-adviser" purpose: PURPOSE_SUPPORT_PLANNING items_released: 3 entry_index: 17
    }
    accesses {
      at { seconds: 1795308488 } kind: ENTRY_KIND_FLAG_CHANGED agency_id: "nortown-yot"
      entry_index: 18
    })",
                                                            &held));
  return held;
}

// Without its line ends.
std::string Read(const signpost::v1::PersonExport& held) {
  return absl::StrReplaceAll(LetterText(held), {{"\n  ", " "}, {"\n", " "}});
}

TEST(LetterTest, ItSaysWhatIsHeldByNamesInWholeSentences) {
  const std::string letter = Read(Held());
  EXPECT_THAT(letter, HasSubstr("Nortown Social Services looked on 22 November 2026"));
  EXPECT_THAT(letter, HasSubstr("Tariq Mahmood, born 17 May 2009, postcode NT4 7QX, NHS number "
                                "9434765919: reported by Nortown YOT on 22 November 2026."));
  EXPECT_THAT(letter, HasSubstr("Nortown YOT, for youth offending: works with you from 1 September "
                                "2026. Your worker there is a YOT officer. They have these forms "
                                "about you: ASSET."));
  EXPECT_THAT(letter, HasSubstr("Northern Connexions: 1 report."));
  EXPECT_THAT(letter,
              HasSubstr("You said yes to sharing, from 22 November 2026. What Nortown YOT "
                        "knows about you. But not this: lifestyle. People who work for "
                        "Northern Connexions. To plan help for you. Written down by Northern "
                        "Connexions."));
  for (const char* id : {"nortown-yot", "northern-connexions", "ENTRY_KIND"}) {
    EXPECT_THAT(letter, Not(HasSubstr(id)));
  }
}

TEST(LetterTest, ALookIsALine) {
  const std::string letter = Read(Held());
  EXPECT_THAT(letter,
              HasSubstr("- 22 November 2026, 00:47 UTC: a personal adviser of Northern "
                        "Connexions asked who works with you, to plan help for you, and was "
                        "shown 3 things. - 22 November 2026, 00:48 UTC: Nortown YOT reported "
                        "about its work with you."));
}

// What an officer has to decide about is not for who reads the letter: neither how much, nor that
// there is any. Broken once by counting exclusions in the letter.
TEST(LetterTest, WhatIsLeftOutChangesNoWordOfIt) {
  signpost::v1::PersonExport held = Held();
  const std::string text = LetterText(held);
  const std::string html = LetterHtml(held);
  for (int reason = 1; reason < signpost::v1::ExclusionReason_ARRAYSIZE; ++reason) {
    if (reason == signpost::v1::EXCLUSION_REASON_TOO_MANY) continue;
    signpost::v1::ExportExclusion* const exclusion = held.add_exclusions();
    exclusion->set_reason(static_cast<signpost::v1::ExclusionReason>(reason));
    exclusion->set_count(3);
    exclusion->set_exclusion_id("abc");
    *exclusion->mutable_look() = held.accesses(0);
  }
  EXPECT_EQ(LetterText(held), text);
  EXPECT_EQ(LetterHtml(held), html);
  EXPECT_THAT(Read(held),
              HasSubstr("is in every letter, and does not mean that anything was left"));
  held.add_exclusions()->set_reason(signpost::v1::EXCLUSION_REASON_TOO_MANY);
  EXPECT_THAT(Read(held), HasSubstr("There are older ones: ask for them."));
}

TEST(LetterTest, OfWhoeverIsShieldedItSaysNowhereWhereTheyLive) {
  signpost::v1::PersonExport held = Held();
  held.set_shielded(true);
  EXPECT_THAT(LetterText(held), Not(HasSubstr("NT4")));
  EXPECT_THAT(LetterHtml(held), Not(HasSubstr("NT4")));
  EXPECT_THAT(Read(held), HasSubstr("this letter does not say where you live"));
}

TEST(LetterTest, WhatAnOfficerIncludedIsThere) {
  signpost::v1::PersonExport held = Held();
  held.mutable_flags(0)->set_worker_name("Dilys Hume");
  held.mutable_consents(0)->mutable_texts()->set_words_used("Yes, Maureen can see it.");
  held.mutable_accesses(0)->set_practitioner_id("pa-001");
  const std::string letter = Read(held);
  EXPECT_THAT(letter, HasSubstr("a YOT officer, Dilys Hume."));
  EXPECT_THAT(letter, HasSubstr("The words used: \"Yes, Maureen can see it.\"."));
  EXPECT_THAT(letter, HasSubstr("of Northern Connexions (pa-001) asked"));
}

TEST(LetterTest, HtmlHoldsNothingThatAnAgencyWroteAsMarkup) {
  signpost::v1::PersonExport held = Held();
  held.mutable_details(0)->mutable_details()->set_given_names("<script>alert(1)</script>");
  held.mutable_details(0)->mutable_details()->set_surname("O'Neil & \"Sons\"\x1b[31m");
  held.mutable_agency_names(1)->set_name("<img src=x onerror=y>");
  const std::string html = LetterHtml(held);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; O&#39;Neil &amp; "
                              "&quot;Sons&quot;?[31m, born 17 May 2009"));
  EXPECT_THAT(html, HasSubstr("<html lang=\"en-GB\">"));
  EXPECT_THAT(html, HasSubstr("<h2>Who looked, and what was done</h2>"));
  EXPECT_THAT(LetterText(held), Not(HasSubstr("\x1b")));
  // As many elements are closed as are opened.
  for (const char* element : {"ul", "li", "h2", "p", "body", "html", "head", "title", "style"}) {
    const std::vector<std::string> opened = absl::StrSplit(
        html, std::string("<") + element + (element == std::string("html") ? " " : ">"));
    const std::vector<std::string> closed = absl::StrSplit(html, std::string("</") + element + ">");
    EXPECT_EQ(opened.size(), closed.size()) << element;
  }
}

TEST(LetterTest, LinesFitAPage) {
  signpost::v1::PersonExport held = Held();
  held.mutable_details(0)->mutable_details()->set_surname(std::string(300, 'x'));
  int long_lines = 0;
  for (const absl::string_view line : absl::StrSplit(LetterText(held), '\n')) {
    if (Columns(std::string(line)) > 80) ++long_lines;
  }
  EXPECT_EQ(long_lines, 1) << "one word that does not fit is not lost";
}

TEST(LetterTest, NothingHeldIsSaidAsSuch) {
  const std::string letter = Read({});
  EXPECT_THAT(letter, HasSubstr("There are no details that this letter can tell."));
  EXPECT_THAT(letter, HasSubstr("There is no look that this letter can tell of."));
  EXPECT_THAT(letter, Not(HasSubstr("What is not settled")));
}

TEST(ExportPageTest, WhatIsForTheOfficerIsApart) {
  signpost::v1::PersonExport held = Held();
  const std::string page = RenderExport(held);
  EXPECT_THAT(page, HasSubstr("northern-connexions: 1 report that may be about them"));
  EXPECT_THAT(page, HasSubstr("What Nortown YOT knows about you."));
  signpost::v1::ExportExclusion* const look = held.add_exclusions();
  look->set_reason(signpost::v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION);
  look->set_count(2);
  look->set_exclusion_id("5f0c22");
  look->set_decided_by(signpost::v1::EXCLUSION_DECIDER_YOU);
  *look->mutable_look() = held.accesses(0);
  look->mutable_look()->set_entry_index(81234);
  signpost::v1::ExportExclusion* const standing = held.add_exclusions();
  standing->set_reason(signpost::v1::EXCLUSION_REASON_SENSITIVE_SERVICE);
  standing->set_decided_by(signpost::v1::EXCLUSION_DECIDER_THEIR_AGENCY);
  EXPECT_EQ(RenderExport(held), page) << "what is handed on has none of it";
  const std::string for_officer = absl::StrReplaceAll(
      RenderExclusions(held), {{"\n                                     ", " "}, {"\n   ", " "}});
  EXPECT_THAT(for_officer, HasSubstr("For you, not for them"));
  EXPECT_THAT(for_officer, HasSubstr("5f0c22"));
  EXPECT_THAT(for_officer, HasSubstr("2 items: a look to protect somebody"));
  EXPECT_THAT(for_officer, HasSubstr("(entry 81234)"));
  EXPECT_THAT(for_officer, HasSubstr("Tells of a sensitive service, which answers for itself; an "
                                     "officer of the agency whose it is decides"));
}

}  // namespace
}  // namespace signpost::adapters::cli
