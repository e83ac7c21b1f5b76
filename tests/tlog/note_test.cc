#include "hub/tlog/note.h"

#include <sys/stat.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "tests/base/scratch_folder.h"

namespace signpost::tlog {
namespace {

// The example key and note of the format's reference documentation.
const char kSignerKey[] =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const char kVerifierKey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const char kText[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
const char kSignatureLine[] =
    "\xE2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

std::string ExampleNote() { return absl::StrCat(kText, "\n", kSignatureLine); }

NoteVerifier Verifier(const std::string& key) { return *NoteVerifier::Parse(key); }

TEST(NoteTest, SigningTheExampleGivesTheExample) {
  const std::unique_ptr<NoteSigner> signer = *NewNoteSigner(kSignerKey);
  EXPECT_EQ(signer->name(), "PeterNeumann");
  EXPECT_EQ(signer->key_id(), 0xc74f20a3u);
  EXPECT_EQ(signer->verifier_key(), kVerifierKey);
  EXPECT_EQ(*SignNote(kText, *signer), ExampleNote());
}

TEST(NoteTest, TheExampleOpens) {
  const NoteVerifier verifier = Verifier(kVerifierKey);
  EXPECT_EQ(*OpenNote(ExampleNote(), {verifier}), kText);
}

TEST(NoteTest, AnAlteredNoteDoesNotOpen) {
  const NoteVerifier verifier = Verifier(kVerifierKey);
  const std::string note = ExampleNote();
  for (size_t i = 0; i < note.size(); ++i) {
    std::string bad = note;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(OpenNote(bad, {verifier}).ok()) << "byte " << i;
    EXPECT_FALSE(OpenNote(note.substr(0, i), {verifier}).ok()) << "cut at " << i;
  }
}

TEST(NoteTest, ASignatureByAnUnknownKeyAloneIsNotEnough) {
  const NoteKeyPair other = *GenerateNoteKey("other.example/log");
  const NoteVerifier unknown = Verifier(other.verifier_key);
  EXPECT_EQ(OpenNote(ExampleNote(), {unknown}).status().code(), absl::StatusCode::kDataLoss);
  // A second signature that nobody knows is passed over.
  const std::unique_ptr<NoteSigner> signer = *NewNoteSigner(other.signer_key);
  const std::string signed_by_other = *SignNote(kText, *signer);
  const std::string both =
      ExampleNote() + signed_by_other.substr(signed_by_other.rfind("\n\n") + 2);
  EXPECT_TRUE(OpenNote(both, {Verifier(kVerifierKey)}).ok());
  EXPECT_TRUE(OpenNote(both, {unknown}).ok());
}

TEST(NoteTest, AKnownKeysFalseSignatureSpoilsAGoodOne) {
  const NoteKeyPair other = *GenerateNoteKey("other.example/log");
  const std::unique_ptr<NoteSigner> signer = *NewNoteSigner(other.signer_key);
  const std::string of_another_text = *SignNote("another text\n", *signer);
  const std::string both =
      ExampleNote() + of_another_text.substr(of_another_text.rfind("\n\n") + 2);
  EXPECT_TRUE(OpenNote(both, {Verifier(kVerifierKey)}).ok());
  EXPECT_EQ(OpenNote(both, {Verifier(kVerifierKey), Verifier(other.verifier_key)}).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(NoteTest, TextMayHoldEmptyLines) {
  const NoteKeyPair pair = *GenerateNoteKey("a.example/log");
  const std::unique_ptr<NoteSigner> signer = *NewNoteSigner(pair.signer_key);
  const std::string text = "one\n\ntwo\n\n\nthree \xC3\xA9\n";
  EXPECT_EQ(*OpenNote(*SignNote(text, *signer), {Verifier(pair.verifier_key)}), text);
}

TEST(NoteTest, TextThatIsNoNoteIsRefused) {
  const std::unique_ptr<NoteSigner> signer = *NewNoteSigner(kSignerKey);
  EXPECT_FALSE(SignNote("", *signer).ok());
  EXPECT_FALSE(SignNote("no newline", *signer).ok());
  EXPECT_FALSE(SignNote("tab\there\n", *signer).ok());
  EXPECT_FALSE(SignNote("latin1 \xE9\n", *signer).ok());
  EXPECT_FALSE(SignNote("overlong \xC0\xAF\n", *signer).ok());
  EXPECT_FALSE(SignNote("surrogate \xED\xA0\x80\n", *signer).ok());
}

TEST(NoteTest, AHundredSignaturesAreReadAndOneMoreIsRefused) {
  std::string note = absl::StrCat(kText, "\n");
  for (int i = 0; i < kNoteSignaturesMax; ++i) note += kSignatureLine;
  EXPECT_TRUE(OpenNote(note, {Verifier(kVerifierKey)}).ok());
  EXPECT_FALSE(ParseNote(note + kSignatureLine).ok());
}

TEST(NoteTest, NoPartOfAVerifierKeyIsAVerifierKey) {
  const std::string key = kVerifierKey;
  for (size_t from = 0; from <= key.size(); ++from) {
    for (size_t to = from; to <= key.size(); ++to) {
      if (from == 0 && to == key.size()) continue;
      EXPECT_FALSE(NoteVerifier::Parse(key.substr(from, to - from)).ok());
    }
  }
  for (size_t i = 0; i < key.size(); ++i) {
    std::string bad = key;
    bad[i] = static_cast<char>(bad[i] + 1);
    EXPECT_FALSE(NoteVerifier::Parse(bad).ok()) << "byte " << i;
  }
}

TEST(NoteTest, ABadSignerKeyIsRefusedWithoutBeingShown) {
  const std::string bad = absl::StrReplaceAll(kSignerKey, {{"c74f20a3", "c74f20a4"}});
  const absl::Status status = NewNoteSigner(bad).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()).find("AYEKFALV"), std::string::npos);
  EXPECT_FALSE(NewNoteSigner(kVerifierKey).ok());
  EXPECT_FALSE(NewNoteSigner("").ok());
}

TEST(NoteTest, NamesWithSpacesOrPlusSignsAreRefused) {
  EXPECT_FALSE(GenerateNoteKey("").ok());
  EXPECT_FALSE(GenerateNoteKey("a b").ok());
  EXPECT_FALSE(GenerateNoteKey("a+b").ok());
  EXPECT_FALSE(GenerateNoteKey("a\xC2\xA0"
                               "b")
                   .ok());  // no-break space
  EXPECT_TRUE(GenerateNoteKey("nortown.example/ledger").ok());
}

class NoteKeyFile : public ::testing::Test {
 protected:
  const base::ScratchFolder folder_;
  const std::string path_ = folder_ / "key";
};

TEST_F(NoteKeyFile, IsReadBackAndNeverOverwritten) {
  const NoteKeyPair pair = *GenerateNoteKey("nortown.example/ledger");
  ASSERT_TRUE(WriteNoteKey(path_, pair).ok());
  EXPECT_EQ((*ReadNoteSigner(path_))->verifier_key(), pair.verifier_key);
  EXPECT_EQ(WriteNoteKey(path_, pair).code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(NoteKeyFile, OpenToOthersIsRefused) {
  ASSERT_TRUE(WriteNoteKey(path_, *GenerateNoteKey("nortown.example/ledger")).ok());
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(ReadNoteSigner(path_).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(NoteKeyFile, AbsentIsNotFound) {
  EXPECT_EQ(ReadNoteSigner(path_).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace signpost::tlog
