#include "tests/worlds/plan.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "signpost/v1/person.pb.h"
#include "tests/worlds/generators.h"

namespace signpost::worlds {

namespace {

const std::vector<std::string>& Givens() {
  static const auto* const names = new std::vector<std::string>{
      "Tariq", "Sally", "Joseph", "Amina", "Wilhelmina", "Dominic", "Keziah", "Rory"};
  return *names;
}
const std::vector<std::string>& Surnames() {
  static const auto* const names = new std::vector<std::string>{
      "Mahmood", "Thorne", "Okonkwo", "Featherstonehaugh", "Penhaligon", "Quarrington"};
  return *names;
}

// Everybody of one sequence has a name, a birth date and a postcode of their own, so that nobody is
// taken for another but where a step tries that.
v1::PersonDetails Somebody(Dice* dice, int number) {
  v1::PersonDetails details;
  details.set_given_names(
      Givens()[static_cast<size_t>(number * 2 + dice->Below(2)) % Givens().size()]);
  details.set_surname(Surnames()[static_cast<size_t>(number) % Surnames().size()]);
  details.mutable_birth_date()->set_year(2008 + number % 4);
  details.mutable_birth_date()->set_month(1 + dice->Below(12));
  details.mutable_birth_date()->set_day(13 + dice->Below(15));
  details.set_postcode(absl::StrCat("NT", 1 + number, " ", 1 + dice->Below(9), "QX"));
  return details;
}

Cast MakeCast(Dice* dice) {
  Cast cast;
  cast.person = Somebody(dice, 0);
  if (dice->OneIn(3)) {
    v1::Identifier* const number = cast.person.add_identifiers();
    number->set_kind(v1::IDENTIFIER_KIND_NHS_NUMBER);
    number->set_value("9434765919");
  }
  cast.sibling = cast.person;
  cast.sibling.clear_identifiers();
  cast.sibling.set_given_names("Hester");
  if (dice->OneIn(2)) cast.sibling.mutable_birth_date()->set_year(2010);
  cast.other = Somebody(dice, 1);
  cast.stranger = Somebody(dice, 3);
  return cast;
}

// Lays out what the other agencies do.
class Stage {
 public:
  Stage(Plan* plan, Dice* dice, size_t steps) : plan_(plan), dice_(dice), steps_(steps) {}

  // The same in both worlds.
  void Both(size_t before, Step step) { plan_->doings.push_back({before, step, step}); }
  void Differ(size_t before, Step first, Step second) {
    plan_->doings.push_back({before, std::move(first), std::move(second)});
  }
  // A sensitive agency's flag is about the person in one world and about the stranger in the other.
  // What comes of it later, too.
  void Flag(const std::string& holder, bool in_first, bool in_second) {
    const auto about = [&](bool person, bool closed) {
      v1::FlagReport report = OpenFlag(holder, "H-1", person ? cast().person : cast().stranger);
      if (closed) {
        report.set_status(v1::FLAG_STATUS_CLOSED);
        *report.mutable_closed_on() = report.opened_on();
      }
      return ReportStep(holder, report);
    };
    const size_t when = Sometime(/*early=*/true);
    Differ(when, about(in_first, false), about(in_second, false));
    if (dice_->OneIn(4)) {
      const size_t later = when + 1 + static_cast<size_t>(dice_->Below(static_cast<int>(steps_)));
      Differ(later, about(in_first, true), about(in_second, true));
    }
  }
  // Mostly before all else.
  size_t Sometime(bool early) {
    if (early && !dice_->OneIn(4)) return 0;
    return static_cast<size_t>(dice_->Below(static_cast<int>(steps_)));
  }
  // The compared agency reports the person itself, as its first step.
  void CallerKnows() {
    if (ServiceOf(plan_->agency).empty()) return;
    plan_->steps.push_back(
        ReportStep(plan_->agency, OpenFlag(plan_->agency, "C-1", cast().person)));
  }

  // In both worlds there are as many people then.
  void StrangerIsKnown() {
    const std::string& holder = SensitiveAgencies()[0];
    Both(0, ReportStep(holder, OpenFlag(holder, "H-2", cast().stranger)));
  }

  const Cast& cast() const { return plan_->cast; }
  Dice& dice() { return *dice_; }

 private:
  Plan* const plan_;
  Dice* const dice_;
  const size_t steps_;
};

// What openly is so in both worlds: the caller and two others know somebody else.
void SetUpOther(Stage* stage, const std::string& agency) {
  const Cast& cast = stage->cast();
  if (!ServiceOf(agency).empty()) {
    stage->Both(0, ReportStep(agency, OpenFlag(agency, "C-2", cast.other)));
  }
  for (const char* holder : {kYot, kSocial}) {
    if (agency == holder) continue;
    v1::FlagReport report = OpenFlag(holder, "O-1", cast.other);
    v1::AssessmentPointer* const paper = report.add_assessments();
    paper->set_kind(holder == std::string(kYot) ? "asset" : "cin-plan");
    stage->Both(0, ReportStep(holder, report));
  }
}

void SetUpPair(const std::string& pair, Stage* stage) {
  const std::vector<std::string>& sensitive = SensitiveAgencies();
  Dice& dice = stage->dice();
  const Cast& cast = stage->cast();
  if (pair == "hidden-or-absent") {
    stage->Flag(dice.Pick(sensitive), true, false);
    return;
  }
  if (pair == "flag-or-none") {
    stage->CallerKnows();
    stage->StrangerIsKnown();
    stage->Flag(dice.Pick(sensitive), true, false);
    return;
  }
  if (pair == "two-holders-or-five") {
    if (dice.OneIn(2)) stage->CallerKnows();
    stage->StrangerIsKnown();
    for (size_t i = 0; i < sensitive.size(); ++i) stage->Flag(sensitive[i], i < 2, true);
    return;
  }
  if (pair == "shielded-or-not") {
    const std::string holder = dice.Pick(sensitive);
    if (dice.OneIn(2)) stage->CallerKnows();
    stage->Both(0, ReportStep(holder, OpenFlag(holder, "H-1", cast.person)));
    stage->Both(0, ReportStep(holder, OpenFlag(holder, "H-2", cast.stranger)));
    stage->Differ(stage->Sometime(true), ShieldStep(holder, "H-1", true),
                  ShieldStep(holder, "H-2", true));
    return;
  }
  if (pair == "shielded-or-absent") {
    stage->Differ(0, ReportStep(kSocial, OpenFlag(kSocial, "S-1", cast.person)),
                  ReportStep(kSocial, OpenFlag(kSocial, "S-1", cast.stranger)));
    stage->Both(0, ShieldStep(kSocial, "S-1", true));
    return;
  }
  // "refuge-here-or-there": shielded, and at another postcode than the caller's old one.
  v1::PersonDetails here = cast.person;
  here.set_postcode("NT21 4AB");
  v1::PersonDetails there = cast.person;
  there.set_postcode("NT22 9ZZ");
  if (dice.OneIn(2)) stage->CallerKnows();
  stage->Both(0, ReportStep(kSocial, OpenFlag(kSocial, "S-1", cast.person)));
  stage->Both(0, ShieldStep(kSocial, "S-1", true));
  stage->Differ(0, ReportStep(kSocial, OpenFlag(kSocial, "S-1", here)),
                ReportStep(kSocial, OpenFlag(kSocial, "S-1", there)));
}

// A method that the agency's callers may call, mostly; any of all once in ten.
const Generator& PickGenerator(Dice* dice, const std::string& agency) {
  const rpc::CallerKinds kinds =
      agency == kOperator ? static_cast<rpc::CallerKinds>(rpc::CallerKind::kOperator)
                          : static_cast<rpc::CallerKinds>(rpc::CallerKind::kSystem) |
                                static_cast<rpc::CallerKinds>(rpc::CallerKind::kPractitioner);
  const bool any = dice->OneIn(10);
  int all = 0;
  const auto weight = [&](const Generator& generator) {
    const rpc::MethodRow* const row = rpc::FindMethod(generator.method);
    if (row == nullptr) return 0;
    if (any) return 1;
    return (row->callers & kinds) != 0 ? generator.weight : 0;
  };
  for (const Generator& generator : AllGenerators()) all += weight(generator);
  int left = dice->Below(all);
  for (const Generator& generator : AllGenerators()) {
    left -= weight(generator);
    if (left < 0) return generator;
  }
  return AllGenerators().back();
}

}  // namespace

const std::vector<Pair>& Pairs() {
  static const auto* const pairs = new std::vector<Pair>{
      {"hidden-or-absent", "a sensitive service knows the person",
       "nobody knows the person (the service knows a stranger)"},
      {"shielded-or-not", "the person, known to a sensitive service, is shielded",
       "is not (a stranger is)"},
      {"shielded-or-absent", "social services know the person, who is shielded",
       "nobody knows the person (a stranger is known and shielded)"},
      {"refuge-here-or-there", "the shielded person lives at NT21 4AB", "at NT22 9ZZ"},
      {"two-holders-or-five", "two sensitive services know the person", "five do"},
      {"flag-or-none", "a sensitive service knows whom the caller knows",
       "it does not (it knows a stranger)"},
  };
  return *pairs;
}

std::string PurposeWord(v1::Purpose purpose) {
  std::string word = absl::AsciiStrToLower(v1::Purpose_Name(purpose));
  word = std::string(absl::StripPrefix(word, "purpose_"));
  absl::StrReplaceAll({{"_", "-"}}, &word);
  return word;
}

v1::FlagReport OpenFlag(const std::string& agency, const std::string& record_id,
                        const v1::PersonDetails& details) {
  v1::FlagReport report;
  report.set_record_id(record_id);
  *report.mutable_person() = details;
  report.set_service(ServiceOf(agency));
  report.set_status(v1::FLAG_STATUS_OPEN);
  report.mutable_opened_on()->set_year(2026);
  report.mutable_opened_on()->set_month(3);
  report.mutable_opened_on()->set_day(2);
  report.mutable_contact()->set_practitioner_id("w1");
  report.mutable_contact()->set_name("Dilys Crane");
  report.mutable_contact()->set_phone("01632 960123");
  return report;
}

Act Reports(std::vector<v1::FlagReport> reports) {
  return [reports = std::move(reports)](Talk& talk) {
    talk.OpenBidi();
    v1::ReportFlagsRequest request;
    v1::ReportFlagsResponse response;
    request.mutable_open()->set_feed("nightly");
    talk.Send(request);
    uint64_t sequence = 0;
    bool open = talk.Receive(&response);
    for (const v1::FlagReport& report : reports) {
      if (!open) break;
      *request.mutable_report() = report;
      request.mutable_report()->set_sequence(++sequence);
      talk.Send(request);
      open = talk.Receive(&response);
      // Ids hold the time: what came first is told first, in both worlds.
      talk.Pause(absl::Milliseconds(10));
    }
    talk.FinishBidi();
  };
}

namespace {

Step StepOf(const char* method, Caller caller, Act act) {
  return {rpc::MethodOrDie(method).index, std::move(caller), absl::Seconds(1), std::move(act)};
}

}  // namespace

Step ReportStep(const std::string& agency, const v1::FlagReport& report) {
  return StepOf("/signpost.v1.IndexService/ReportFlags", {.agency = agency, .system = "adapter"},
                Reports({report}));
}

Step ShieldStep(const std::string& agency, const std::string& record_id, bool shielded) {
  v1::SetShieldRequest request;
  request.set_request_id(absl::StrCat("shield-", record_id, shielded ? "-on" : "-off"));
  request.mutable_person()->set_record_id(record_id);
  request.set_shielded(shielded);
  request.set_reason("Somebody looks for them.");
  Caller caller{.agency = agency};
  caller.practitioner = "dp";
  caller.role = "data-protection-officer";
  return StepOf("/signpost.v1.PersonService/SetShield", std::move(caller), [request](Talk& talk) {
    v1::SetShieldResponse response;
    talk.Unary(request, &response);
  });
}

Plan MakePlan(uint64_t seed, const std::string& pair, const std::string& agency) {
  Dice dice(seed);
  Plan plan;
  plan.seed = seed;
  const int picked = dice.Below(static_cast<int>(Pairs().size()));
  for (const Pair& one : Pairs()) {
    if (pair.empty() ? &one == &Pairs()[static_cast<size_t>(picked)] : pair == one.name) {
      plan.pair = &one;
    }
  }
  static const std::vector<std::string> agencies = {
      kConnexions, kConnexions, kConnexions, kYot, kYot, kHousing, kNightstop, kOperator};
  plan.agency = dice.Pick(agencies);
  if (!agency.empty()) plan.agency = agency;
  plan.same_randomness = dice.OneIn(2);
  plan.cast = MakeCast(&dice);
  const size_t steps = static_cast<size_t>(8 + dice.Below(16));
  Stage stage(&plan, &dice, steps);
  SetUpOther(&stage, plan.agency);
  SetUpPair(plan.pair->name, &stage);
  std::stable_sort(plan.doings.begin(), plan.doings.end(),
                   [](const Doing& a, const Doing& b) { return a.before_step < b.before_step; });
  Maker maker(&plan.cast, plan.agency, dice.Roll());
  while (plan.steps.size() < steps) {
    const Generator& generator = PickGenerator(&dice, plan.agency);
    maker.Next(plan.steps.size());
    Step step;
    step.method = rpc::MethodOrDie(generator.method).index;
    step.wait = dice.OneIn(6) ? absl::Hours(1 + dice.Below(40)) : absl::Seconds(1 + dice.Below(90));
    step.act = generator.make(&maker, &step.caller);
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

}  // namespace signpost::worlds
