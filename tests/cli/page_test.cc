// Text stays within its columns, and nobody's text steers the terminal.

#include "adapters/cli/text/page.h"

#include <string>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace signpost::adapters::cli {
namespace {

TEST(Cleaned, TakesOutWhatSteersATerminal) {
  EXPECT_EQ(Cleaned("a\033[2Jb"), "a?[2Jb");
  EXPECT_EQ(Cleaned("one\ntwo\ttab\r"), "one?two?tab?");
  EXPECT_EQ(Cleaned(std::string("nul\0end", 7)), "nul?end");
  EXPECT_EQ(Cleaned("del\x7F"), "del?");
  EXPECT_EQ(Cleaned("c1 \xC2\x9B"
                    "31m"),
            "c1 ?31m");  // CSI as one character
}

TEST(Cleaned, KeepsWellFormedTextAndMarksTheRest) {
  EXPECT_EQ(Cleaned("Siân Łukasz 陳"), "Siân Łukasz 陳");
  EXPECT_EQ(Cleaned("\xC3"), "?");            // cut short
  EXPECT_EQ(Cleaned("\xC0\xAF"), "??");       // overlong
  EXPECT_EQ(Cleaned("\xED\xA0\x80"), "???");  // surrogate
  EXPECT_EQ(Cleaned("\xF5\x80\x80\x80"), "????");
}

TEST(Page, WrapsAtAHundredCharactersNotBytes) {
  Page page;
  std::string text;
  for (int i = 0; i < 60; ++i) text += "Łłé ";
  page.Paragraph(3, text);
  int lines = 0;
  for (const absl::string_view line : absl::StrSplit(page.text(), '\n', absl::SkipEmpty())) {
    EXPECT_LE(Columns(std::string(line)), kPageColumns);
    EXPECT_EQ(line.substr(0, 3), "   ");
    EXPECT_NE(line.back(), ' ');
    ++lines;
  }
  EXPECT_EQ(lines, 3);
}

TEST(Page, AFieldHangsAndALongLabelHasALineOfItsOwn) {
  Page page;
  page.Field(2, 8, "Ring", "Dawn");
  page.Field(2, 8, "A long label", "Dawn");
  EXPECT_EQ(page.text(), "  Ring    Dawn\n  A long label\n          Dawn\n");
}

TEST(Page, AWordLongerThanTheLineIsNotLost) {
  Page page;
  const std::string word(150, 'x');
  page.Paragraph(0, "a " + word + " b");
  EXPECT_EQ(page.text(), "a\n" + word + "\nb\n");
}

TEST(Page, OnlyHeadingsAreBoldAndOnlyWhenAsked) {
  Page plain;
  plain.Heading("Title");
  EXPECT_EQ(plain.text(), "Title\n");
  Page bold(true);
  bold.Heading("T\033itle");
  EXPECT_EQ(bold.text(), "\033[1mT?itle\033[0m\n");
}

}  // namespace
}  // namespace signpost::adapters::cli
