// What is done with everything that is held about one young person: told to them, shielded, erased.
// Over mTLS, against a whole hub.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hub/audit/filter.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/errors.pb.h"
#include "signpost/v1/exchange.grpc.pb.h"
#include "signpost/v1/overrides.grpc.pb.h"
#include "signpost/v1/person.grpc.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};
const Known kNobody = {"Nora", "Unknown", 2009, 1, 2, "NT1 1AA", ""};
constexpr char kReason[] = "Their request of 12 November, reference SAR-31.";

Worker Officer() { return {"nortown-social-services", "dp-001", "data-protection-officer", {}}; }
Worker Manager() { return {"nortown-social-services", "sw-003", "manager", {}}; }

class PersonStories : public ::testing::Test {
 protected:
  PersonStories() {
    v1::FlagReport yot = WithAssessment(OpenFlag("Y-1", kTariq, "youth-offending", "Dilys Hume"),
                                        "asset", {"lifestyle"});
    nortown_.Report("nortown-yot", yot);
    nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
    nortown_.Report("nortown-drugs-advice",
                    OpenFlag("D-1", kTariq, "substance-misuse", "Ivor Lane"));
  }

  Worker Enrolled(const Worker& worker) {
    nortown_.EnrolWorker(worker.agency, worker.practitioner, {worker.role});
    return worker;
  }
  Answered AdviserAsks() {
    return nortown_.Ask(TariqsAdviser(),
                        AskAboutRecord(&nortown_, "C-1", v1::PURPOSE_SUPPORT_PLANNING));
  }
  // The adapter of an agency reads its mail until it is told of a look; gives the number of the
  // entry of that delivery.
  uint64_t IsToldOfALook(const std::string& agency) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto exchange = nortown_.Exchange(agency);
    const auto stream = exchange->Subscribe(&context);
    v1::SubscribeRequest open;
    open.mutable_open()->set_cursor("inbox");
    open.mutable_open()->set_credits(100);
    EXPECT_TRUE(stream->Write(open));
    v1::SubscribeResponse response;
    v1::Notice notice;
    while (!notice.has_override_used() && stream->Read(&response)) {
      if (response.has_delivered()) notice.ParseFromString(response.delivered().payload());
    }
    EXPECT_TRUE(notice.has_override_used());
    context.TryCancel();
    for (const ledger::v1::LedgerEntry& entry : Entries(ledger::v1::ENTRY_KIND_DELIVERY)) {
      for (const ledger::v1::Released& released : entry.released()) {
        if (entry.agency_id() == agency && released.rules(0) == "tell-holder") return entry.index();
      }
    }
    ADD_FAILURE() << "no entry of the notice";
    return 0;
  }
  std::unique_ptr<v1::PersonService::Stub> Desk() {
    return v1::PersonService::NewStub(nortown_.Channel("nortown-social-services", "casework"));
  }
  // `include`: an exclusion of an earlier export, or empty.
  grpc::Status Export(const Worker& worker, const Known& known, v1::PersonExport* held,
                      v1::Receipt* receipt = nullptr, const std::string& include = "") {
    v1::ExportPersonRequest request;
    request.set_request_id(nortown_.RequestId());
    *request.mutable_person()->mutable_details() = Details(known);
    request.set_reason(kReason);
    if (!include.empty()) {
      request.add_inclusions()->add_exclusion_ids(include);
      request.mutable_inclusions(0)->set_reason("The enquiry is over, and nobody is at risk.");
    }
    v1::ExportPersonResponse response;
    const grpc::Status status =
        v1::PersonService::NewStub(nortown_.Channel(worker.agency, "casework"))
            ->ExportPerson(nortown_.ContextOf(worker).get(), request, &response);
    EXPECT_TRUE(held->ParseFromString(response.answer()));
    if (receipt != nullptr) *receipt = response.receipt();
    return status;
  }
  v1::ErasePersonRequest Erasure(const Known& known) {
    v1::ErasePersonRequest request;
    request.set_request_id(nortown_.RequestId());
    *request.mutable_person()->mutable_details() = Details(known);
    request.set_reason("They are nineteen and asked for it in writing.");
    request.set_confirmed(true);
    return request;
  }
  grpc::Status Erase(const Worker& worker, const v1::ErasePersonRequest& request,
                     v1::Receipt* receipt = nullptr) {
    v1::ErasePersonResponse response;
    const grpc::Status status =
        Desk()->ErasePerson(nortown_.ContextOf(worker).get(), request, &response);
    if (receipt != nullptr) *receipt = response.receipt();
    return status;
  }
  grpc::Status Shield(const Worker& worker, const Known& known, bool shielded) {
    v1::SetShieldRequest request;
    request.set_request_id(nortown_.RequestId());
    *request.mutable_person()->mutable_details() = Details(known);
    request.set_shielded(shielded);
    request.set_reason("In a refuge since Monday.");
    v1::SetShieldResponse response;
    return v1::PersonService::NewStub(nortown_.Channel(worker.agency, "casework"))
        ->SetShield(nortown_.ContextOf(worker).get(), request, &response);
  }

  // Whether it tells of anything done under one of these numbers.
  static bool Tells(const v1::PersonExport& held, const std::vector<uint64_t>& entries) {
    return std::any_of(
        held.accesses().begin(), held.accesses().end(), [&](const v1::HeldAccess& access) {
          return std::count(entries.begin(), entries.end(), access.entry_index()) != 0;
        });
  }
  // Exclusions that the officer may include, for this reason.
  static std::vector<v1::ExportExclusion> Own(const v1::PersonExport& held,
                                              v1::ExclusionReason reason) {
    std::vector<v1::ExportExclusion> own;
    for (const v1::ExportExclusion& item : held.exclusions()) {
      if (item.reason() == reason && !item.exclusion_id().empty()) own.push_back(item);
    }
    return own;
  }

  // The ledger's entries of one kind.
  std::vector<base::PersonId> AboutWhom(uint64_t index) {
    const auto view = *nortown_.hub().context().store->NewView();
    return *ledger::PersonIndex(view.get()).PersonsOf(index);
  }
  std::vector<ledger::v1::LedgerEntry> Entries(ledger::v1::EntryKind kind) {
    const auto view = nortown_.hub().context().store->NewView();
    const ledger::LedgerReader reader(view->get());
    const std::vector<std::string> all = reader.Entries(0, 1000).value();
    std::vector<ledger::v1::LedgerEntry> found;
    for (const std::string& bytes : all) {
      ledger::v1::LedgerEntry entry;
      EXPECT_TRUE(entry.ParseFromString(bytes));
      if (entry.kind() == kind) found.push_back(std::move(entry));
    }
    return found;
  }

  Nortown nortown_;
};

TEST_F(PersonStories, EverythingHeldIsToldAndWhatIsNotIsForSomebodyToDecide) {
  const Answered looked = AdviserAsks();
  ASSERT_TRUE(looked.status.ok());
  // A look for safeguarding: to tell of it may warn somebody.
  nortown_.Report("nortown-social-services",
                  OpenFlag("S-1", kTariq, "childrens-social-care", "Hugh Penn"));
  const Answered safeguarding =
      nortown_.Ask(SocialWorker(), AskAboutRecord(&nortown_, "S-1", v1::PURPOSE_SAFEGUARDING));
  ASSERT_TRUE(safeguarding.status.ok());

  v1::PersonExport held;
  v1::Receipt receipt;
  ASSERT_TRUE(Export(Officer(), kTariq, &held, &receipt).ok());
  ASSERT_EQ(held.flags_size(), 3);
  EXPECT_EQ(held.flags(0).agency_id(), "nortown-yot");
  EXPECT_THAT(held.flags(0).assessment_kinds(), Contains("asset"));
  ASSERT_EQ(held.details_size(), 3);
  EXPECT_EQ(held.details(0).details().surname(), "Mahmood");
  EXPECT_EQ(held.details(0).details().birth_date().year(), 2009);

  std::map<uint64_t, const v1::HeldAccess*> accesses;
  for (const v1::HeldAccess& access : held.accesses()) accesses[access.entry_index()] = &access;
  ASSERT_EQ(accesses.count(looked.receipt.ledger_index()), 1u);
  const v1::HeldAccess& told = *accesses[looked.receipt.ledger_index()];
  EXPECT_EQ(told.kind(), ledger::v1::ENTRY_KIND_WHO_KNOWS);
  EXPECT_EQ(told.agency_id(), "northern-connexions");
  EXPECT_EQ(told.role(), "personal-adviser");
  EXPECT_EQ(told.purpose(), v1::PURPOSE_SUPPORT_PLANNING);
  EXPECT_GT(told.items_released(), 0);
  EXPECT_EQ(accesses.count(safeguarding.receipt.ledger_index()), 0u);

  // Social services' own: the look, to judge, and the name of their worker.
  const auto looks = Own(held, v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION);
  ASSERT_EQ(looks.size(), 1u);
  EXPECT_EQ(looks[0].look().entry_index(), safeguarding.receipt.ledger_index());
  EXPECT_EQ(Own(held, v1::EXCLUSION_REASON_THIRD_PARTY).size(), 1u);
  // Not a word of who works with them, of the drugs service or of who looked.
  const std::string bytes = held.SerializeAsString();
  for (const char* secret :
       {"Dilys", "Maureen", "Ivor", "drugs", "substance", "pa-001", "sw-001"}) {
    EXPECT_THAT(bytes, Not(HasSubstr(secret)));
  }
  // And it is in the ledger, by the hash of what was given out.
  const auto entries = Entries(ledger::v1::ENTRY_KIND_PERSON_EXPORTED);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].index(), receipt.ledger_index());
  EXPECT_EQ(entries[0].reply_hash().size(), 32u);
  EXPECT_FALSE(entries[0].sealed_details().empty());
}

// That the drugs advice looked for somebody whom it does not know yet tells of it as well.
TEST_F(PersonStories, ALookByWhoeverOffersNothingButSensitiveServicesIsLeftOut) {
  const Known kLena = {"Lena", "Farrow", 2010, 2, 9, "NT3 4CD", ""};
  nortown_.Report("northern-connexions", OpenFlag("C-2", kLena, "connexions", "Maureen Oakes"));
  const Answered looked =
      nortown_.Ask(DrugsWorker(), AskAbout(&nortown_, kLena, v1::PURPOSE_SERVICE_DELIVERY));
  ASSERT_TRUE(looked.status.ok()) << looked.status.error_message();
  const auto looks = Entries(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  ASSERT_EQ(AboutWhom(looks.back().index()).size(), 1u) << "nobody, so nothing is left out";
  v1::PersonExport held;
  v1::Receipt receipt;
  ASSERT_TRUE(Export(Officer(), kLena, &held, &receipt).ok());
  EXPECT_EQ(held.flags_size(), 1);
  EXPECT_THAT(held.SerializeAsString(), Not(HasSubstr("drugs")));
  // Which policy said what is sensitive is recorded.
  const auto exported = Entries(ledger::v1::ENTRY_KIND_PERSON_EXPORTED);
  ASSERT_EQ(exported.size(), 1u);
  EXPECT_EQ(exported[0].policy_sha256(), looks.back().policy_sha256());
}

// The issue's own words: an export withheld the override of a section 47 enquiry and then listed
// its review and the notice. What hangs together is withheld together until the officer of who
// enquired includes it.
TEST_F(PersonStories, AnEnquiryIsToldOfWhenItIsOverAndAsAWhole) {
  nortown_.Report("nortown-social-services",
                  OpenFlag("S-1", kTariq, "childrens-social-care", "Hugh Penn"));
  const Worker yot_officer = Enrolled({"nortown-yot", "dp-002", "data-protection-officer", {}});
  v1::PersonExport before;
  ASSERT_TRUE(Export(yot_officer, kTariq, &before).ok());

  v1::WhoKnowsRequest enquiry = AskAboutRecord(&nortown_, "S-1", v1::PURPOSE_SAFEGUARDING);
  enquiry.mutable_override()->set_ground(v1::OVERRIDE_GROUND_VITAL_INTERESTS);
  enquiry.mutable_override()->set_reason("Injuries seen at school; a section 47 enquiry began.");
  const Answered look = nortown_.Ask(SocialWorker(), enquiry);
  ASSERT_TRUE(look.status.ok()) << look.status.error_message();
  v1::ReviewOverrideRequest review;
  review.set_request_id(nortown_.RequestId());
  review.set_number(look.receipt.ledger_index());
  review.set_outcome(v1::OVERRIDE_OUTCOME_UPHELD);
  review.set_reason("The strategy discussion agreed to it.");
  v1::ReviewOverrideResponse reviewed;
  const grpc::Status upheld =
      v1::OverrideService::NewStub(nortown_.Channel("nortown-social-services", "casework"))
          ->ReviewOverride(nortown_.ContextOf(Manager()).get(), review, &reviewed);
  ASSERT_TRUE(upheld.ok()) << upheld.error_message();
  const uint64_t notice = IsToldOfALook("nortown-drugs-advice");
  const std::vector<uint64_t> enquiry_entries = {look.receipt.ledger_index(),
                                                 reviewed.receipt().ledger_index(), notice};

  v1::PersonExport held;
  ASSERT_TRUE(Export(Officer(), kTariq, &held).ok());
  EXPECT_FALSE(Tells(held, enquiry_entries));
  const auto looks = Own(held, v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION);
  ASSERT_EQ(looks.size(), 1u);
  EXPECT_EQ(looks[0].count(), 2) << "the look and its review";
  EXPECT_EQ(looks[0].decided_by(), v1::EXCLUSION_DECIDER_YOU);

  // Whoever works for another agency learns from an export neither of it nor that there was
  // anything: it may be one of theirs whom the enquiry is about.
  v1::PersonExport theirs;
  ASSERT_TRUE(Export(yot_officer, kTariq, &theirs).ok());
  EXPECT_FALSE(Tells(theirs, enquiry_entries));
  ASSERT_EQ(theirs.exclusions_size(), before.exclusions_size());
  for (int i = 0; i < theirs.exclusions_size(); ++i) {
    v1::ExportExclusion& now = *theirs.mutable_exclusions(i);
    v1::ExportExclusion& then = *before.mutable_exclusions(i);
    // The officer's own name, which the export before has added.
    if (!now.exclusion_id().empty()) now.set_count(now.count() - 1);
    EXPECT_EQ(now.SerializeAsString(), then.SerializeAsString());
  }
  EXPECT_EQ(Export(yot_officer, kTariq, &theirs, nullptr, looks[0].exclusion_id()).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);

  // The enquiry is over.
  v1::PersonExport whole;
  v1::Receipt receipt;
  ASSERT_TRUE(Export(Officer(), kTariq, &whole, &receipt, looks[0].exclusion_id()).ok());
  EXPECT_TRUE(Tells(whole, {look.receipt.ledger_index()}));
  EXPECT_TRUE(Tells(whole, {reviewed.receipt().ledger_index()}));
  EXPECT_TRUE(Own(whole, v1::EXCLUSION_REASON_PREJUDICE_TO_CRIME_OR_CHILD_PROTECTION).empty());
  const auto exported = Entries(ledger::v1::ENTRY_KIND_PERSON_EXPORTED);
  EXPECT_EQ(exported.back().index(), receipt.ledger_index());
  EXPECT_EQ(exported.back().person_exported().included(), 1u);
  EXPECT_FALSE(exported.back().sealed_details().empty());
}

TEST_F(PersonStories, WhoMayNotIsRefusedAndRecorded) {
  v1::PersonExport held;
  for (const Worker& worker : {SocialWorker(), Manager()}) {
    const grpc::Status status = Export(worker, kTariq, &held);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr("data-protection-officer"));
    EXPECT_EQ(Erase(worker, Erasure(kTariq)).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(Shield(SocialWorker(), kTariq, true).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(held.flags_size(), 0);
  EXPECT_EQ(Entries(ledger::v1::ENTRY_KIND_PERSON_EXPORTED).size(), 2u);
  EXPECT_EQ(Entries(ledger::v1::ENTRY_KIND_PERSON_ERASED).size(), 2u);
  EXPECT_EQ(Entries(ledger::v1::ENTRY_KIND_SHIELD_CHANGED).size(), 1u);
  EXPECT_EQ(AdviserAsks().answer.flags_size(), 2);
}

TEST_F(PersonStories, NobodyIsNotFoundAndRecorded) {
  v1::PersonExport held;
  EXPECT_EQ(Export(Officer(), kNobody, &held).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Erase(Officer(), Erasure(kNobody)).error_code(), grpc::StatusCode::NOT_FOUND);
  const auto entries = Entries(ledger::v1::ENTRY_KIND_PERSON_ERASED);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(audit::OutcomeText(entries[0]), "NOT_FOUND");
  EXPECT_EQ(entries[0].person_ref().size(), 16u) << "nobody looks as somebody";
}

TEST_F(PersonStories, ErasedIsGoneForEverybodyAlsoAfterARestartAndOnlyOnce) {
  const Answered asked = AdviserAsks();
  ASSERT_EQ(asked.answer.flags_size(), 2);
  const std::vector<base::PersonId> about = AboutWhom(asked.receipt.ledger_index());
  ASSERT_EQ(about.size(), 1u);
  const base::PersonId person = about.front();
  const v1::ErasePersonRequest request = Erasure(kTariq);
  v1::Receipt receipt;
  ASSERT_TRUE(Erase(Officer(), request, &receipt).ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(AdviserAsks().answer.flags_size(), 0);
    v1::PersonExport held;
    EXPECT_EQ(Export(Officer(), kTariq, &held).error_code(), grpc::StatusCode::NOT_FOUND);
    // The same request again is answered with the same receipt, and makes nothing.
    v1::Receipt again;
    EXPECT_TRUE(Erase(Officer(), request, &again).ok());
    EXPECT_EQ(again.ledger_index(), receipt.ledger_index());
    nortown_.Restart();
  }
  const auto erased = Entries(ledger::v1::ENTRY_KIND_PERSON_ERASED);
  ASSERT_EQ(erased.size(), 1u);
  // Every entry about them stands; that it is about them nobody can tell any more, and nothing that
  // was sealed opens.
  const request::HubContext& context = nortown_.hub().context();
  const auto view = context.store->NewView();
  EXPECT_FALSE(Entries(ledger::v1::ENTRY_KIND_WHO_KNOWS).empty());
  EXPECT_THAT(AboutWhom(asked.receipt.ledger_index()), IsEmpty());
  EXPECT_FALSE(context.people->BlindingOf(**view, person).ok());
  EXPECT_FALSE(context.people->OpenPrivateOf(**view, person, "entry-details", "x").ok());
  // What the next run of an adapter reports is held for the officer, and puts nobody back; another
  // record of theirs makes them somebody new.
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  v1::PersonExport held;
  EXPECT_EQ(Export(Officer(), kTariq, &held).error_code(), grpc::StatusCode::NOT_FOUND);
  nortown_.Report("northern-connexions", OpenFlag("C-2", kTariq, "connexions", "Maureen Oakes"));
  ASSERT_TRUE(Export(Officer(), kTariq, &held).ok());
  EXPECT_EQ(held.flags_size(), 1);
  for (const v1::HeldAccess& access : held.accesses()) {
    EXPECT_GT(access.entry_index(), receipt.ledger_index());
  }
}

TEST_F(PersonStories, ErasingWantsToBeMeant) {
  v1::ErasePersonRequest request = Erasure(kTariq);
  request.set_confirmed(false);
  const grpc::Status status = Erase(Officer(), request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(AdviserAsks().answer.flags_size(), 2);
  request.set_confirmed(true);
  request.set_reason("no");
  EXPECT_EQ(Erase(Officer(), request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PersonStories, AManagerShieldsWhomTheAgencyWorksWithAndNobodyElse) {
  ASSERT_NE(AdviserAsks().Flag("nortown-yot"), nullptr);
  // Social services do not work with them yet: to that manager they are nobody.
  const grpc::Status stranger = Shield(Manager(), kTariq, true);
  const grpc::Status nobody = Shield(Manager(), kNobody, true);
  EXPECT_EQ(stranger.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(stranger.error_message(), nobody.error_message());
  ASSERT_NE(AdviserAsks().Flag("nortown-yot"), nullptr);

  nortown_.Report("nortown-social-services",
                  OpenFlag("S-1", kTariq, "childrens-social-care", "Hugh Penn"));
  ASSERT_TRUE(Shield(Manager(), kTariq, true).ok());
  EXPECT_EQ(AdviserAsks().Flag("nortown-yot"), nullptr);
  nortown_.Restart();
  EXPECT_EQ(AdviserAsks().Flag("nortown-yot"), nullptr);
  // Nobody lifts it alone, nor with a colleague, nor an agency that asks without who set it.
  ASSERT_TRUE(Shield(Officer(), kTariq, false).ok());
  ASSERT_TRUE(Shield(Manager(), kTariq, false).ok());
  EXPECT_EQ(AdviserAsks().Flag("nortown-yot"), nullptr);
  const Worker yot_manager = Enrolled({"nortown-yot", "yo-010", "manager", {}});
  ASSERT_TRUE(Shield(yot_manager, kTariq, false).ok());
  EXPECT_NE(AdviserAsks().Flag("nortown-yot"), nullptr);
  const auto entries = Entries(ledger::v1::ENTRY_KIND_SHIELD_CHANGED);
  ASSERT_EQ(entries.size(), 6u);  // two refused
  EXPECT_TRUE(entries[2].shield_changed().stands());
  EXPECT_FALSE(entries[3].shield_changed().shielded());
  EXPECT_TRUE(entries[3].shield_changed().stands());
  EXPECT_FALSE(entries[5].shield_changed().stands());
}

}  // namespace
}  // namespace signpost::scenarios
