// Cosignatures. The vector below was not made by the code under test: the message was laid out by
// hand from the specification and signed with the openssl command.

#include "hub/tlog/cosignature.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/note.h"

namespace signpost::tlog {
namespace {

constexpr int64_t kVectorTime = 1763797325;
constexpr char kVectorLogKey[] =
    "vector.example/log+4651cddd+Aasv6wtYj6ZYY89j8ddTA7qxBHS83Jn556WKXlUosw1s";
constexpr char kVectorWitnessKey[] =
    "vector.example/witness+2c6c46f6+BPsS36BvN+CzhJv32d0bKuHpX0yeAku7kz+h7UPTp6X6";
// The seed is SHA-256 of "a witness's seed for tests".
constexpr char kVectorWitnessSigner[] =
    "PRIVATE+KEY+vector.example/witness+2c6c46f6+BCD4nNJvp+qmXvZ0+YMV/SrNv7leGRQlLYNX7T0hm6G9";
constexpr char kVectorNote[] =
    "vector.example/log\n"
    "8\n"
    "RbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnJQ=\n"
    "\n"
    "\xE2\x80\x94 vector.example/log "
    "RlHN3VfTwGLiEKyEMxcSNS5pjIDEbAWaZJeWvJ/miZe968Xwo0bcQQ1GlSjwBcdL9XC3mAeULmTNJcfxPIbinIOFKQw=\n"
    "\xE2\x80\x94 vector.example/witness "
    "LGxG9gAAAABpIWlNaYkMIGXVzhzBKQazJjl4hyzaEuPRm8C7qK/"
    "O4JSV1R87skS2pb5jiV+k5jV+Edvs8HYssYyTfaCSI0lR2GT6BA==\n";

class CosignatureTest : public ::testing::Test {
 protected:
  CosignatureTest() {
    const Checkpoint checkpoint{kOrigin, 42, {}, {}};
    text_ = FormatCheckpoint(checkpoint);
    note_ = *SignNote(text_, **NewNoteSigner(log_.signer_key));
  }
  static NoteVerifier Witness(const NoteKeyPair& pair) {
    return *NoteVerifier::ParseCosigner(pair.verifier_key);
  }
  std::string Line(const NoteKeyPair& pair, int64_t time_s) const {
    return *(*Cosigner::Parse(pair.signer_key)).Cosign(text_, time_s);
  }

  static constexpr char kOrigin[] = "area.example/ledger";
  const NoteKeyPair log_ = *GenerateNoteKey(kOrigin);
  const NoteVerifier log_verifier_ = *NoteVerifier::Parse(log_.verifier_key);
  const NoteKeyPair a_ = *GenerateCosignerKey("a.example/witness");
  const NoteKeyPair b_ = *GenerateCosignerKey("b.example/witness");
  std::string text_, note_;
};

TEST_F(CosignatureTest, TheVectorOfAnotherHandIsVerifiedAndMadeAgain) {
  const NoteVerifier log = *NoteVerifier::Parse(kVectorLogKey);
  const NoteVerifier witness = *NoteVerifier::ParseCosigner(kVectorWitnessKey);
  const auto cosigned = OpenCosigned(kVectorNote, {log}, {witness});
  ASSERT_TRUE(cosigned.ok()) << cosigned.status();
  EXPECT_EQ(cosigned->checkpoint.size, 8u);
  ASSERT_NE(cosigned->Of(witness), nullptr);
  EXPECT_EQ(cosigned->Of(witness)->time_s, kVectorTime);

  // Ed25519 has one signature for a key and a message, so ours must be theirs.
  const auto cosigner = Cosigner::Parse(kVectorWitnessSigner);
  ASSERT_TRUE(cosigner.ok()) << cosigner.status();
  EXPECT_EQ(cosigner->verifier_key(), kVectorWitnessKey);
  const auto line = cosigner->Cosign(ParseNote(kVectorNote)->text, kVectorTime);
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_NE(std::string(kVectorNote).find(*line), std::string::npos) << *line;
}

TEST_F(CosignatureTest, NoByteOfTheVectorCanBeChanged) {
  const NoteVerifier log = *NoteVerifier::Parse(kVectorLogKey);
  const NoteVerifier witness = *NoteVerifier::ParseCosigner(kVectorWitnessKey);
  const std::string note = kVectorNote;
  for (size_t i = 0; i < note.size(); ++i) {
    std::string bad = note;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    const auto opened = OpenCosigned(bad, {log}, {witness});
    EXPECT_FALSE(opened.ok() && RequireCosigned(*opened, {witness}).ok()) << "byte " << i;
  }
}

TEST_F(CosignatureTest, ANoteWithALogsSignatureAndCosignaturesOpens) {
  const auto one = AddCosignature(note_, Line(a_, 1000), Witness(a_));
  ASSERT_TRUE(one.ok()) << one.status();
  const auto two = AddCosignature(*one, Line(b_, 2000), Witness(b_));
  ASSERT_TRUE(two.ok()) << two.status();
  // By the log's key alone, as every reader did before there were witnesses.
  EXPECT_EQ(*OpenNote(*two, {log_verifier_}), text_);
  EXPECT_EQ(*OpenNote(*two, {log_verifier_, Witness(a_), Witness(b_)}), text_);
  const auto cosigned = OpenCosigned(*two, {log_verifier_}, {Witness(a_), Witness(b_)});
  ASSERT_TRUE(cosigned.ok()) << cosigned.status();
  EXPECT_EQ(cosigned->Of(Witness(a_))->time_s, 1000);
  EXPECT_EQ(cosigned->Of(Witness(b_))->time_s, 2000);
  EXPECT_TRUE(RequireCosigned(*cosigned, {Witness(a_), Witness(b_)}).ok());
}

TEST_F(CosignatureTest, AWitnessThatIsAskedForAndMissingIsNamed) {
  const std::string one = *AddCosignature(note_, Line(a_, 1000), Witness(a_));
  const auto cosigned = OpenCosigned(one, {log_verifier_}, {Witness(a_), Witness(b_)});
  ASSERT_TRUE(cosigned.ok());
  const absl::Status missing = RequireCosigned(*cosigned, {Witness(a_), Witness(b_)});
  EXPECT_EQ(missing.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(std::string(missing.message()).find("b.example/witness"), std::string::npos);
  EXPECT_EQ(std::string(missing.message()).find("a.example/witness"), std::string::npos);
}

TEST_F(CosignatureTest, AWitnessesWordIsNotTheLogs) {
  const std::string cosigned_only =
      absl::StrCat(text_, "\n", Line(a_, 1000));  // the log did not sign
  EXPECT_FALSE(OpenCosigned(cosigned_only, {log_verifier_}, {Witness(a_)}).ok());
  // Neither kind of key passes for the other.
  EXPECT_FALSE(NoteVerifier::Parse(a_.verifier_key).ok());
  EXPECT_FALSE(NoteVerifier::ParseCosigner(log_.verifier_key).ok());
  EXPECT_FALSE(Cosigner::Parse(log_.signer_key).ok());
  EXPECT_FALSE(NewNoteSigner(a_.signer_key).ok());
}

TEST_F(CosignatureTest, AFalseCosignatureOfAKnownWitnessSpoilsTheNote) {
  const Checkpoint other{kOrigin, 43, {}, {}};
  const std::string of_another =
      *(*Cosigner::Parse(a_.signer_key)).Cosign(FormatCheckpoint(other), 1000);
  EXPECT_EQ(AddCosignature(note_, of_another, Witness(a_)).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenCosigned(note_ + of_another, {log_verifier_}, {Witness(a_)}).status().code(),
            absl::StatusCode::kDataLoss);
  // By somebody unknown it says nothing.
  EXPECT_TRUE(OpenCosigned(note_ + of_another, {log_verifier_}, {Witness(b_)}).ok());
}

TEST_F(CosignatureTest, ALaterCosignatureTakesThePlaceOfAnEarlier) {
  const std::string first = *AddCosignature(note_, Line(a_, 1000), Witness(a_));
  const std::string second = *AddCosignature(first, Line(a_, 2000), Witness(a_));
  EXPECT_EQ(second.size(), first.size());
  EXPECT_EQ(OpenCosigned(second, {log_verifier_}, {Witness(a_)})->Of(Witness(a_))->time_s, 2000);
}

TEST_F(CosignatureTest, AnswersThatAreNoSignatureLinesAreRefused) {
  const NoteVerifier a = Witness(a_);
  const std::string good = Line(a_, 1000);
  for (const std::string& bad :
       {std::string(), std::string("\n"), std::string("ok\n"), good.substr(0, good.size() - 1),
        absl::StrCat("more text\n\n", good), absl::StrCat(good, "\n"), absl::StrCat("\n", good)}) {
    EXPECT_FALSE(AddCosignature(note_, bad, a).ok()) << bad;
  }
  // Lines of others are passed over, wherever they stand.
  const std::string among = absl::StrCat(Line(b_, 5), good, Line(b_, 6));
  const auto added = AddCosignature(note_, among, a);
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(OpenCosigned(*added, {log_verifier_}, {Witness(b_)})->Of(Witness(b_)), nullptr);
}

TEST_F(CosignatureTest, TimesPastTheirRangeAreNoCosignature) {
  EXPECT_FALSE((*Cosigner::Parse(a_.signer_key)).Cosign(text_, -1).ok());
  std::string raw(72, '\0');
  EXPECT_EQ(CosignatureTime(raw), 0);
  raw[0] = '\x7F';
  EXPECT_TRUE(CosignatureTime(raw).has_value());
  raw[0] = '\x80';
  EXPECT_FALSE(CosignatureTime(raw).has_value());
  EXPECT_FALSE(CosignatureTime(raw.substr(1)).has_value());
  EXPECT_FALSE(CosignatureTime("").has_value());
}

}  // namespace
}  // namespace signpost::tlog
