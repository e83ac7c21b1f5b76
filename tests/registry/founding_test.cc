// How an area begins: with a file that two of its agencies sign, once.

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/registry/registry_fixture.h"

namespace signpost::registry {
namespace {

using base::Reason;
using base::ReasonOf;

class FoundingTest : public RegistryFixture {
 protected:
  FoundingTest() : RegistryFixture(false) {}

  // Why it is refused, with nothing enrolled.
  Reason Refused(const v1::FoundAreaRequest& request) {
    const Reason reason = ReasonOf(Found(request));
    EXPECT_EQ(registry_->directory()->Agencies().size(), 0u);
    return reason;
  }
};

// Broken on purpose by looking neither for the row nor for whoever can act: it is founded again.
TEST_F(FoundingTest, OnceInTheLifeOfAStore) {
  ASSERT_TRUE(Found(test_area::SignedFounding(MakeFounding())).ok());
  EXPECT_TRUE(registry_->LookupPractitioner(kFirstFounder, "og-1").ok());
  v1::Founding other = MakeFounding();
  other.mutable_agencies(0)->set_name("Another");
  EXPECT_EQ(ReasonOf(Found(test_area::SignedFounding(other))), Reason::kAlreadyExists);
  Start();
  EXPECT_EQ(ReasonOf(Found(test_area::SignedFounding(other))), Reason::kAlreadyExists);
  // Also when there is no officer any more.
  ASSERT_TRUE(SuspendPractitioner(kFirstFounder, "og-1").ok());
  ASSERT_TRUE(SuspendPractitioner(kSecondFounder, "og-1").ok());
  EXPECT_EQ(ReasonOf(Found(test_area::SignedFounding(other))), Reason::kAlreadyExists);
}

TEST_F(FoundingTest, OfTwoAgenciesWithTwoKeysThatStandInIt) {
  v1::FoundAreaRequest request = test_area::SignedFounding(MakeFounding());
  v1::FoundAreaRequest one = request;
  one.mutable_signatures()->RemoveLast();
  EXPECT_EQ(Refused(one), Reason::kInvalidField);
  v1::FoundAreaRequest twice = one;
  *twice.add_signatures() = one.signatures(0);
  EXPECT_EQ(Refused(twice), Reason::kInvalidField);
  v1::FoundAreaRequest swapped = request;
  swapped.mutable_signatures(0)->set_signature(request.signatures(1).signature());
  EXPECT_EQ(Refused(swapped), Reason::kInvalidField);
  v1::FoundAreaRequest changed = request;
  v1::Founding founding = MakeFounding();
  ASSERT_TRUE(founding.ParseFromString(request.founding()));
  founding.mutable_agencies(0)->set_name("Another");
  changed.set_founding(founding.SerializeAsString());
  EXPECT_EQ(Refused(changed), Reason::kInvalidField);
  // One key under two names is one signer.
  founding = MakeFounding();
  const base::PrivateKey key = *base::PrivateKey::Generate(base::KeyType::kEd25519);
  v1::FoundAreaRequest same;
  same.set_request_id("r");
  for (v1::Agency& agency : *founding.mutable_agencies()) {
    agency.add_assertion_keys()->set_key_id("k");
    agency.mutable_assertion_keys(0)->set_public_key_pem(*key.public_key().Pem());
  }
  same.set_founding(founding.SerializeAsString());
  for (const v1::Agency& agency : founding.agencies()) {
    v1::FoundingSignature* const signature = same.add_signatures();
    signature->set_agency_id(agency.agency_id());
    signature->set_key_id("k");
    signature->set_signature(*key.Sign(absl::StrCat(kFoundingSignedPrefix, same.founding())));
  }
  EXPECT_EQ(Refused(same), Reason::kInvalidField);
  EXPECT_TRUE(Found(request).ok());
}

TEST_F(FoundingTest, OfThisHubWithOfficersOfTwoAgenciesAndNeverByTheOperator) {
  v1::Founding elsewhere = MakeFounding();
  elsewhere.set_origin("another.test/ledger");
  EXPECT_EQ(Refused(test_area::SignedFounding(elsewhere)), Reason::kInvalidField);
  v1::Founding one_officer = MakeFounding();
  one_officer.mutable_practitioners(1)->set_roles(0, "social-worker");
  EXPECT_EQ(Refused(test_area::SignedFounding(one_officer)), Reason::kInvalidField);
  v1::Founding marked = MakeFounding();
  marked.mutable_practitioners(0)->set_surname("Thorne");
  EXPECT_EQ(Refused(test_area::SignedFounding(marked)), Reason::kInvalidField);
  // The operator's agency does not sign, whatever key it has.
  v1::Founding founding = MakeFounding();
  founding.mutable_agencies(1)->set_kind("operator");
  founding.mutable_agencies(1)->set_name("Operator");
  *founding.add_agencies() = MakeAgency("founder-three", "voluntary");
  v1::Practitioner* const officer = founding.add_practitioners();
  officer->set_agency_id("founder-three");
  officer->set_practitioner_id("og-1");
  officer->add_roles("information-governance-officer");
  const base::PrivateKey key = *base::PrivateKey::Generate(base::KeyType::kEs256);
  founding.mutable_agencies(1)->add_assertion_keys()->set_key_id("k");
  founding.mutable_agencies(1)->mutable_assertion_keys(0)->set_public_key_pem(
      *key.public_key().Pem());
  v1::FoundAreaRequest request = test_area::SignedFounding(founding);
  ASSERT_EQ(request.signatures(1).agency_id(), "founder-three");
  v1::FoundingSignature* const operators = request.mutable_signatures(1);
  operators->set_agency_id(kSecondFounder);
  operators->set_key_id("k");
  operators->set_signature(*key.Sign(absl::StrCat(kFoundingSignedPrefix, request.founding())));
  EXPECT_EQ(Refused(request), Reason::kInvalidField);
}

TEST_F(FoundingTest, EachRecordIsAnEntryBehindTheOneThatNamesTheFileAndItsSigners) {
  const v1::FoundAreaRequest request = test_area::SignedFounding(MakeFounding());
  const uint64_t first = sequencer_->head().size;
  ASSERT_TRUE(Found(request).ok());
  const ledger::v1::LedgerEntry founded = EntryAt(first);
  EXPECT_EQ(founded.kind(), ledger::v1::ENTRY_KIND_AREA_FOUNDED);
  EXPECT_EQ(founded.area_founded().founding_sha256(), base::Sha256(request.founding()));
  ASSERT_EQ(founded.area_founded().signers_size(), 2);
  EXPECT_EQ(founded.area_founded().signers(0).agency_id(), kFirstFounder);
  EXPECT_EQ(founded.area_founded().practitioners(), 2u);
  EXPECT_EQ(sequencer_->head().size, first + 5);
  for (uint64_t i = first + 1; i < first + 5; ++i) {
    EXPECT_EQ(EntryAt(i).kind(), ledger::v1::ENTRY_KIND_REGISTRY_CHANGED);
  }
}

}  // namespace
}  // namespace signpost::registry
