// Telling a young person everything, shielding and erasing: who may, what is left out, and that
// each happens once.

#include "hub/subject_rights/subject_rights.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

#include "hub/base/crypto.h"
#include "hub/exchange/mailbox.h"
#include "hub/people/erased_records.h"
#include "tests/request/hub_rooms.h"

namespace signpost::subject_rights {
namespace {

namespace stored = ::signpost::store::v1;

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using request::ReceiptOfRefusal;
using request::Recorded;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kReason[] = "Asked for in writing on 20 November.";

class SubjectRightsTest : public request::HubRooms {
 protected:
  SubjectRightsTest() {
    rights_ = std::make_unique<SubjectRights>(context_);
    TariqIsKnown();
  }

  absl::StatusOr<v1::PersonExport> Export(const base::Principal& asker,
                                          const v1::PersonDetails& details) {
    v1::ExportPersonRequest request;
    request.set_request_id(RequestId());
    *request.mutable_person()->mutable_details() = details;
    request.set_reason(kReason);
    const auto response = Wait<v1::ExportPersonResponse>(
        [&](auto done) { rights_->Export(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    EXPECT_EQ(LastEntry().reply_hash, base::Sha256(response->answer()));
    EXPECT_EQ(response->receipt().ledger_index(), LastEntry().index);
    v1::PersonExport held;
    EXPECT_TRUE(held.ParseFromString(response->answer()));
    return held;
  }
  v1::ErasePersonRequest Erasure(const v1::PersonDetails& details = Tariq()) {
    v1::ErasePersonRequest request;
    request.set_request_id(RequestId());
    *request.mutable_person()->mutable_details() = details;
    request.set_reason(kReason);
    request.set_confirmed(true);
    return request;
  }
  absl::StatusOr<v1::ErasePersonResponse> Erase(const base::Principal& asker,
                                                const v1::ErasePersonRequest& request) {
    return Wait<v1::ErasePersonResponse>(
        [&](auto done) { rights_->Erase(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::SetShieldResponse> Shield(const base::Principal& asker, bool shielded,
                                               const v1::PersonDetails& details = Tariq()) {
    v1::SetShieldRequest request;
    request.set_request_id(RequestId());
    *request.mutable_person()->mutable_details() = details;
    request.set_shielded(shielded);
    request.set_reason("Moved away from a violent household.");
    return Wait<v1::SetShieldResponse>(
        [&](auto done) { rights_->SetShield(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::ErasedRecords> ListErased(const base::Principal& asker) {
    v1::ListErasedRecordsRequest request;
    request.set_request_id(RequestId());
    const auto response = Wait<v1::ListErasedRecordsResponse>(
        [&](auto done) { rights_->ListErasedRecords(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    EXPECT_EQ(LastEntry().reply_hash, base::Sha256(response->answer()));
    v1::ErasedRecords listed;
    EXPECT_TRUE(listed.ParseFromString(response->answer()));
    return listed;
  }
  v1::AnswerErasedRecordRequest Answer(const std::string& question, v1::ErasedRecordAnswer answer) {
    v1::AnswerErasedRecordRequest request;
    request.set_request_id(RequestId());
    request.set_question_id(question);
    request.set_answer(answer);
    request.set_reason("The agency was rung and had not read its mail.");
    return request;
  }
  absl::StatusOr<v1::AnswerErasedRecordResponse> AnswerErased(
      const base::Principal& asker, const v1::AnswerErasedRecordRequest& request) {
    return Wait<v1::AnswerErasedRecordResponse>(
        [&](auto done) { rights_->AnswerErasedRecord(asker, request, std::move(done)); });
  }

  std::unique_ptr<SubjectRights> rights_;
};

TEST_F(SubjectRightsTest, OthersAreRefusedAndThatIsRecorded) {
  for (const base::Principal& asker : {SocialWorker(), Manager(), System(kSocial)}) {
    const absl::Status refused = Export(asker, Tariq()).status();
    EXPECT_EQ(ReasonOf(refused), Reason::kMethodNotAllowed);
    EXPECT_EQ(LastEntry().kind, "person-exported");
    EXPECT_EQ(LastEntry().outcome, "METHOD_NOT_ALLOWED");
    EXPECT_EQ(ReceiptOfRefusal(refused).ledger_index(), LastEntry().index);
    EXPECT_EQ(ReasonOf(Erase(asker, Erasure()).status()), Reason::kMethodNotAllowed);
  }
  EXPECT_EQ(ReasonOf(Shield(SocialWorker(), true).status()), Reason::kMethodNotAllowed);
  EXPECT_EQ(PersonOf(kYot, "Y-1").flags().size(), 2);
}

TEST_F(SubjectRightsTest, NobodyIsNotFoundAndRecorded) {
  EXPECT_EQ(ReasonOf(Export(Officer(), Nobody()).status()), Reason::kNotFound);
  EXPECT_EQ(LastEntry().outcome, "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Erase(Officer(), Erasure(Nobody())).status()), Reason::kNotFound);
  EXPECT_EQ(LastEntry().kind, "person-erased");
  EXPECT_EQ(LastEntry().outcome, "NOT_FOUND");
}

TEST_F(SubjectRightsTest, ErasingTakesEverythingOnceAndKeepsTheEntries) {
  Ask(Adviser(), AskAboutRecord("C-1"));
  const base::PersonId id = PersonOf(kYot, "Y-1").id();
  const v1::ErasePersonRequest request = Erasure();
  const auto first = Erase(Officer(), request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(LastEntry().kind, "person-erased");
  EXPECT_EQ(ReasonOf(people_->Read(*View(), id).status()), Reason::kNotFound);
  const auto rows = *View()->Scan(store::Space::kPersonKeys, "", "", 10);
  EXPECT_THAT(rows, SizeIs(2)) << "of each record that it was erased";
  for (const store::KeyValue& row : rows) EXPECT_TRUE(people::IsErasedRecord(row.key));
  EXPECT_THAT(*View()->Scan(store::Space::kPersonEntries, "", "", 10), IsEmpty());
  EXPECT_THAT(*View()->Scan(store::Space::kEntryPersons, "", "", 10), IsEmpty());
  EXPECT_THAT(*View()->Scan(store::Space::kMatchKeys, "", "", 10), IsEmpty());
  EXPECT_EQ(Entries("who-knows").size(), 1u) << "entries are for ever";
  EXPECT_THAT(Ask(Adviser(), AskAboutRecord("C-1")).answer.flags(), IsEmpty());
  const auto again = Erase(Officer(), request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->receipt().ledger_index(), first->receipt().ledger_index());
  EXPECT_EQ(Entries("person-erased").size(), 1u);
}

TEST_F(SubjectRightsTest, HoldersAreAskedOnceToStopByTheirOwnRecord) {
  const v1::ErasePersonRequest request = Erasure();
  ASSERT_TRUE(Erase(Officer(), request).ok());
  ASSERT_TRUE(Erase(Officer(), request).ok());
  const std::map<std::string, std::string> holders = {{kYot, "Y-1"}, {kConnexions, "C-1"}};
  for (const auto& [agency, record] : holders) {
    int told = 0;
    for (const exchange::MailboxMessage& message : Mailbox(agency)) {
      if (message.stored.kind() != stored::STORED_MESSAGE_KIND_RECORD_ERASED) continue;
      ++told;
      EXPECT_EQ(message.stored.agency_id(), agency);
      EXPECT_EQ(*base::Open(keyring_->hub_data_key(), exchange::RecordErasedContext(agency),
                            message.stored.sealed_record_id()),
                record);
      EXPECT_THAT(message.stored.SerializeAsString(), Not(HasSubstr(record)));
    }
    EXPECT_EQ(told, 1) << agency;
  }
}

TEST_F(SubjectRightsTest, AnErasedRecordReportedAgainIsAskedOfWhoErased) {
  ASSERT_TRUE(Erase(Officer(), Erasure()).ok());
  EXPECT_EQ(Report(kYot, Flag("Y-1", "youth-offending")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_EQ(Report(kConnexions, Flag("C-1", "connexions")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  const auto listed = ListErased(Officer());
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(LastEntry().kind, "erased-records-listed");
  ASSERT_EQ(listed->records_size(), 2);
  EXPECT_THAT(listed->SerializeAsString(), Not(HasSubstr("Mahmood")));
  base::Principal elsewhere = Officer();
  elsewhere.agency_id = kYot;
  EXPECT_EQ(ListErased(elsewhere)->records_size(), 0) << "who erased is asked, and nobody else";
  EXPECT_EQ(ReasonOf(ListErased(Adviser()).status()), Reason::kMethodNotAllowed);

  const v1::ErasedRecord& yot = listed->records(listed->records(0).agency_id() == kYot ? 0 : 1);
  const v1::ErasedRecord& connexions =
      listed->records(listed->records(0).agency_id() == kYot ? 1 : 0);
  EXPECT_EQ(yot.record_id(), "Y-1");
  const auto out = Answer(yot.question_id(), v1::ERASED_RECORD_ANSWER_KEEP_OUT);
  EXPECT_EQ(ReasonOf(AnswerErased(elsewhere, out).status()), Reason::kNotFound);
  EXPECT_EQ(LastEntry().outcome, "NOT_FOUND");
  EXPECT_EQ(ReasonOf(AnswerErased(Manager(), out).status()), Reason::kMethodNotAllowed);
  const auto first = AnswerErased(Officer(), out);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(LastEntry().kind, "erased-record-answered");
  EXPECT_TRUE(LastEntry().has_details) << "why, sealed";
  EXPECT_EQ(AnswerErased(Officer(), out)->receipt().ledger_index(),
            first->receipt().ledger_index());
  EXPECT_EQ(ListErased(Officer())->records_size(), 1);

  const auto take = Answer(connexions.question_id(), v1::ERASED_RECORD_ANSWER_TAKE_AS_NEW);
  ASSERT_TRUE(AnswerErased(Officer(), take).ok());
  const people::Person taken = PersonOf(kConnexions, "C-1");
  EXPECT_THAT(taken.AgenciesWithOpenFlags(), ElementsAre(kConnexions));
  EXPECT_TRUE(IsAbout(LastEntry().index, taken.id()));
  EXPECT_EQ(ListErased(Officer())->records_size(), 0);
}

// By the second in which somebody was erased, its list would tell who erased them that a sensitive
// service knew them. Broken once by not saying which agencies are asked themselves.
TEST_F(SubjectRightsTest, AnErasedRecordOfASensitiveServiceIsAskedOfItsOwnOfficer) {
  ASSERT_EQ(Report(kDrugs, Flag("D-1", "substance-misuse")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  ASSERT_TRUE(Erase(Officer(), Erasure()).ok());
  EXPECT_EQ(Report(kDrugs, Flag("D-1", "substance-misuse")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_EQ(ListErased(Officer())->records_size(), 0);
  base::Principal own = Officer();
  own.agency_id = kDrugs;
  const auto listed = ListErased(own);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->records_size(), 1);
  EXPECT_EQ(listed->records(0).record_id(), "D-1");
  const auto out = Answer(listed->records(0).question_id(), v1::ERASED_RECORD_ANSWER_KEEP_OUT);
  EXPECT_EQ(ReasonOf(AnswerErased(Officer(), out).status()), Reason::kNotFound);
  EXPECT_TRUE(AnswerErased(own, out).ok());
}

TEST_F(SubjectRightsTest, AnAnswerAboutAnErasedRecordSaysWhatAndWhy) {
  v1::AnswerErasedRecordRequest request =
      Answer(base::ReviewId::New(&random_).ToText(), v1::ERASED_RECORD_ANSWER_UNSPECIFIED);
  EXPECT_THAT(FieldsOf(AnswerErased(Officer(), request).status()), ElementsAre("answer"));
  request.set_answer(v1::ERASED_RECORD_ANSWER_KEEP_OUT);
  EXPECT_EQ(ReasonOf(AnswerErased(Officer(), request).status()), Reason::kNotFound);
  request.set_reason("no");
  EXPECT_THAT(FieldsOf(AnswerErased(Officer(), request).status()), ElementsAre("reason"));
  request.set_question_id("that one");
  EXPECT_THAT(FieldsOf(AnswerErased(Officer(), request).status()), ElementsAre("question_id"));
}

TEST_F(SubjectRightsTest, ErasingWantsToBeMeantAndToSayWhy) {
  v1::ErasePersonRequest request = Erasure();
  request.set_confirmed(false);
  EXPECT_THAT(FieldsOf(Erase(Officer(), request).status()), ElementsAre("confirmed"));
  request = Erasure();
  request.set_reason("no");
  EXPECT_THAT(FieldsOf(Erase(Officer(), request).status()), ElementsAre("reason"));
  EXPECT_EQ(PersonOf(kYot, "Y-1").flags().size(), 2);
}

// Whoever is shielded is nobody to an officer of an agency that does not work with them.
TEST_F(SubjectRightsTest, OfWhoeverIsShieldedAnOutsidersOfficerLearnsNothing) {
  const base::Principal outsider = Worker("nortown-housing", "dp-009", "data-protection-officer");
  const absl::Status nobody = Export(outsider, Nobody()).status();
  ASSERT_TRUE(Shield(Officer(), true).ok());
  const absl::Status shielded = Export(outsider, Tariq()).status();
  EXPECT_EQ(ReasonOf(shielded), Reason::kNotFound);
  EXPECT_EQ(shielded.message(), nobody.message());
  EXPECT_EQ(Shield(outsider, false).status().message(),
            Shield(outsider, false, Nobody()).status().message());
}

TEST_F(SubjectRightsTest, AShieldHidesUntilItIsLifted) {
  Report(kSocial, Flag("S-1", "childrens-social-care"));
  ASSERT_TRUE(Shield(Officer(), true).ok());
  EXPECT_EQ(LastEntry().kind, "shield-changed");
  EXPECT_TRUE(PersonOf(kYot, "Y-1").shielded());
  EXPECT_EQ(Ask(Adviser(), AskAboutRecord("C-1")).Flag(kYot), nullptr);
  EXPECT_TRUE(Export(Officer(), Tariq())->shielded());
  // Who set it asks, and what they are answered does not say that it takes another.
  ASSERT_TRUE(Shield(Officer(), false).ok());
  EXPECT_TRUE(PersonOf(kYot, "Y-1").shielded());
  EXPECT_EQ(Ask(Adviser(), AskAboutRecord("C-1")).Flag(kYot), nullptr);
  ASSERT_TRUE(Shield(Worker(kYot, "dp-002", "data-protection-officer"), false).ok());
  EXPECT_NE(Ask(Adviser(), AskAboutRecord("C-1")).Flag(kYot), nullptr);
}

TEST_F(SubjectRightsTest, WhoWorksWithThemIsToldWhenAShieldIsLifted) {
  Report(kDrugs, Flag("D-1", "substance-misuse"));
  Report(kSocial, Flag("S-1", "childrens-social-care"));
  ASSERT_TRUE(Shield(Officer(), true).ok());
  const auto told = [this](const std::string& agency) {
    const auto waiting = Mailbox(agency);
    return std::count_if(waiting.begin(), waiting.end(), [](const auto& item) {
      return item.stored.kind() == store::v1::STORED_MESSAGE_KIND_SHIELD_LIFTED;
    });
  };
  ASSERT_TRUE(Shield(Officer(), false).ok());
  for (const char* agency : {kYot, kConnexions, kDrugs, kSocial}) EXPECT_EQ(told(agency), 0);
  ASSERT_TRUE(Shield(Worker(kYot, "yo-010", "manager"), false).ok());
  for (const char* agency : {kYot, kConnexions, kDrugs, kSocial}) {
    EXPECT_EQ(told(agency), 1) << agency;
  }

  const auto waiting = Mailbox(kConnexions);
  const auto delivery = Wait<disclosure::Answers::Delivery>([&](auto done) {
    answers_->Deliver(System(kConnexions), {waiting.back()}, std::move(done));
  });
  ASSERT_TRUE(delivery.ok()) << delivery.status();
  ASSERT_THAT(delivery->messages, SizeIs(1));
  v1::Notice notice;
  ASSERT_TRUE(notice.ParseFromString(delivery->messages[0].payload()));
  EXPECT_FALSE(notice.shield_lifted().agency_person_id().empty());
  EXPECT_TRUE(IsAbout(LastEntry().index, PersonOf(kYot, "Y-1").id()));
  // Set again before it left, it would not be true any more.
  ASSERT_TRUE(Shield(Officer(), true).ok());
  const auto again = Wait<disclosure::Answers::Delivery>([&](auto done) {
    answers_->Deliver(System(kConnexions), {waiting.back()}, std::move(done));
  });
  EXPECT_THAT(again->messages, IsEmpty());
}

TEST_F(SubjectRightsTest, AManagerShieldsWhomTheAgencyWorksWithAndNobodyElse) {
  const absl::Status stranger = Shield(Manager(), true).status();
  const absl::Status nobody = Shield(Manager(), true, Nobody()).status();
  EXPECT_EQ(ReasonOf(stranger), Reason::kNotFound);
  EXPECT_EQ(stranger.message(), nobody.message());
  EXPECT_FALSE(PersonOf(kYot, "Y-1").shielded());
  Report(kSocial, Flag("S-1", "childrens-social-care"));
  ASSERT_TRUE(Shield(Manager(), true).ok());
  EXPECT_TRUE(PersonOf(kYot, "Y-1").shielded());
}

// Of an agency whose flags are new until they have stood.
class NewcomersTest : public request::HubRooms {
 protected:
  NewcomersTest()
      : HubRooms(/*with_policy=*/true, people::StandingRules()),
        rights_(std::make_unique<SubjectRights>(context_)) {
    TariqIsKnown();
    Report(kSocial, Flag("S-1", "childrens-social-care"));
  }
  absl::Status Lift(const base::Principal& asker) {
    v1::SetShieldRequest request;
    request.set_request_id(RequestId());
    *request.mutable_person()->mutable_details() = Tariq();
    request.set_reason("Nobody looks for them any more.");
    return Wait<v1::SetShieldResponse>(
               [&](auto done) { rights_->SetShield(asker, request, std::move(done)); })
        .status();
  }
  std::unique_ptr<SubjectRights> rights_;
};

// Promise 4. Broken on purpose by letting every manager's voice count, this fails.
TEST_F(NewcomersTest, AFlagMadeUpToLiftAShieldLiftsNone) {
  const base::Principal manager = Worker(kYot, "yo-010", "manager");
  const absl::Status without_a_shield = Lift(manager);
  EXPECT_EQ(ReasonOf(without_a_shield), Reason::kMethodNotAllowed);
  v1::SetShieldRequest set;
  set.set_request_id(RequestId());
  *set.mutable_person()->mutable_details() = Tariq();
  set.set_shielded(true);
  set.set_reason("In a refuge since Monday.");
  ASSERT_TRUE(Wait<v1::SetShieldResponse>([&](auto done) {
                rights_->SetShield(Officer(), set, std::move(done));
              }).ok());
  ASSERT_TRUE(Lift(Officer()).ok());
  const absl::Status with_one = Lift(manager);
  EXPECT_EQ(ReasonOf(with_one), Reason::kMethodNotAllowed);
  EXPECT_EQ(with_one.message(), without_a_shield.message())
      << "and does not tell that there is one";
  EXPECT_TRUE(PersonOf(kYot, "Y-1").shielded());
  // Setting one takes no more than a flag.
  set.set_request_id(RequestId());
  EXPECT_TRUE(Wait<v1::SetShieldResponse>([&](auto done) {
                rights_->SetShield(manager, set, std::move(done));
              }).ok());
  clock_.Advance(absl::Hours(14 * 24));
  ASSERT_TRUE(Lift(manager).ok());
  EXPECT_FALSE(PersonOf(kYot, "Y-1").shielded());
}

}  // namespace
}  // namespace signpost::subject_rights
