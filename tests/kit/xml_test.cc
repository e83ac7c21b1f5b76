#include "adapters/kit/xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/base/error.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string MessageOf(const std::string& text, XmlLimits limits = {}) {
  return std::string(ParseXml(text, "t.xml", "R", limits).status().message());
}

TEST(XmlTest, HandsCapturedElementsOverInOrder) {
  std::vector<std::string> seen;
  const auto take = [&seen](const XmlElement& element, int64_t number) {
    seen.push_back(absl::StrCat(number, " ", element.name, " ", element.ChildText("Id"), " ",
                                element.Attribute("k")));
    return absl::OkStatus();
  };
  const absl::Status status = ReadXmlText(
      "<m:Message xmlns:m='urn:x'><Header><Id>h</Id></Header>stray<Children>"
      "<Child k='1'><Id>a &amp; b</Id></Child><Other/><Child><Id><![CDATA[<c>]]></Id></Child>"
      "</Children></m:Message>",
      "t.xml", "Message", {{"Header", take}, {"Children/Child", take}});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(seen, testing::ElementsAre("1 Header h ", "1 Child a & b 1", "2 Child <c> "));
}

TEST(XmlTest, KeepsStrayTextApart) {
  const auto root = ParseXml("<R><A>x</A> stray <B/></R>", "t.xml", "R");
  ASSERT_TRUE(root.ok());
  EXPECT_TRUE(root->HasStrayText());
  EXPECT_FALSE(root->Child("A")->HasStrayText());
  EXPECT_EQ(root->Child("A")->text, "x");
  EXPECT_EQ(root->Child("C"), nullptr);
}

TEST(XmlTest, RefusesEveryDoctypeSoNoEntityIsEverRead) {
  TestFolder folder;
  folder.Write("secret.txt", "TOP-SECRET-CONTENT");
  const std::string xxe = absl::StrCat("<!DOCTYPE R [<!ENTITY x SYSTEM \"file://",
                                       folder.Path("secret.txt"), "\">]><R>&x;</R>");
  EXPECT_THAT(MessageOf(xxe), HasSubstr("DOCTYPE"));
  EXPECT_THAT(MessageOf(xxe), Not(HasSubstr("TOP-SECRET")));
  const std::string dtd =
      absl::StrCat("<!DOCTYPE R SYSTEM \"file://", folder.Path("secret.txt"), "\"><R/>");
  EXPECT_THAT(MessageOf(dtd), HasSubstr("DOCTYPE"));
  std::string laughs = "<!DOCTYPE R [<!ENTITY a0 \"ha\">";
  for (int i = 1; i < 20; ++i) {
    absl::StrAppend(&laughs, "<!ENTITY a", i, " \"");
    for (int k = 0; k < 10; ++k) absl::StrAppend(&laughs, "&a", i - 1, ";");
    laughs += "\">";
  }
  laughs += "]><R>&a19;</R>";
  EXPECT_THAT(MessageOf(laughs), HasSubstr("DOCTYPE"));
  EXPECT_FALSE(ParseXml("<R>&undefined;</R>", "t.xml", "R").ok());
  // Parameter entities in the internal subset are read before the DOCTYPE is seen whole.
  EXPECT_FALSE(
      ParseXml("<!DOCTYPE R [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x\">%p;]><R/>", "t.xml", "R")
          .ok());
}

TEST(XmlTest, BrokenDocumentsAreRefusedWithLineAndWithoutText) {
  for (const char* text :
       {"", "<R>", "<R><Ghazella></R>", "<R/><R/>", "not xml", "<R>\xFF</R>", "<R a='1' a='2'/>"}) {
    const std::string message = MessageOf(text);
    EXPECT_THAT(message, HasSubstr("t.xml: is not well-formed XML")) << text;
    EXPECT_THAT(message, Not(HasSubstr("Ghazella")));
  }
  EXPECT_THAT(MessageOf("<S/>"), HasSubstr("outermost element is not <R>"));
}

TEST(XmlTest, LimitsHold) {
  XmlLimits limits;
  limits.depth_max = 4;
  EXPECT_EQ(MessageOf("<R><a><b><c/></b></a></R>", limits), "");
  EXPECT_THAT(MessageOf("<R><a><b><c><d/></c></b></a></R>", limits), HasSubstr("nested deeper"));
  limits = {};
  limits.element_nodes_max = 3;
  EXPECT_EQ(MessageOf("<R><a/><a/></R>", limits), "");
  EXPECT_THAT(MessageOf("<R><a/><a/><a/></R>", limits), HasSubstr("holds more than 3"));
  limits = {};
  limits.element_text_bytes_max = 5;
  EXPECT_EQ(MessageOf("<R>12345</R>", limits), "");
  EXPECT_THAT(MessageOf("<R>123456</R>", limits), HasSubstr("5 bytes"));
  limits = {};
  limits.file_bytes_max = 12;
  EXPECT_EQ(MessageOf("<R>12345</R>", limits), "");
  EXPECT_THAT(MessageOf("<R>123456</R>", limits), HasSubstr("larger than 12"));
}

TEST(XmlTest, ReadsOtherEncodingsAsUtf8) {
  const auto root = ParseXml("<?xml version='1.0' encoding='ISO-8859-1'?><R>Zo\xEB</R>", "t", "R");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->text, "Zo\xC3\xAB");
}

TEST(XmlTest, MissingFileIsNotFound) {
  EXPECT_EQ(base::ReasonOf(ReadXmlFile("/nonexistent/t.xml", "R", {})), base::Reason::kNotFound);
}

}  // namespace
}  // namespace signpost::adapters
