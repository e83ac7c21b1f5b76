// syntax::Policy is a tree that holds a policy text as it was read, before any word of the open
// vocabulary is bound.
//
// Internal to the room: Compile() binds it, the reference interpreter of the tests walks it. Plain
// values. Words keep their place so that whoever finds one unknown can say where it stands.

#ifndef SIGNPOST_POLICY_TEXT_SYNTAX_H_
#define SIGNPOST_POLICY_TEXT_SYNTAX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/diagnostic.h"
#include "policy/facts.h"
#include "policy/vocabulary.h"

namespace signpost::policy::syntax {

struct Word {
  std::string text;
  int line = 0;
  int column = 0;
};

enum class Sections : uint8_t { kAll, kOnly, kExcept };

// "existence, agency, content of asset except victims"
struct AspectPhrase {
  uint8_t mask = 0;  // bit per Aspect
  bool everything = false;
  std::vector<Word> assessments;  // empty: of any
  Sections section_mode = Sections::kAll;
  std::vector<Word> sections;
};

// "of sensitive, youth-offending held by yot"
struct ItemPhrase {
  bool everything = false;
  std::vector<Word> words;    // groups, services, agencies, marked-sensitive
  std::vector<Word> held_by;  // agencies, agency kinds
};

// "connexions practitioner"; all words must hold. A team stands alone ("members of X").
struct AskerPhrase {
  std::vector<Word> words;  // agency, kind, role, practitioner, system, holder, relevant-authority
  bool is_team = false;
};

// "connexions practitioner or members of nortown-yot-team except the holder"
struct AskerSelector {
  bool everyone = false;
  std::vector<AskerPhrase> any;
  std::vector<AskerPhrase> except;
};

struct Condition {
  enum class About : uint8_t {
    kConsent,       // `consent_states` (Bit()s of states, grantor, matter), all of one consent
    kPurpose,       // `purposes` (bit per Purpose), any
    kRelationship,  // `relationships` (Bit(Relationship)), any
    kShielded,
    kOpen,
    kDisputed,
    kNewIdentity,
    kSpentOffence,
    kNamesVictim,
  };
  About about = About::kConsent;
  bool negated = false;  // never for kConsent
  uint32_t consent_states = 0;
  uint32_t purposes = 0;
  uint8_t relationships = 0;
};
using Conditions = std::vector<Condition>;  // all must hold

struct Statement {
  Effect effect = Effect::kHide;
  AspectPhrase aspects;
  ItemPhrase items;
  AskerSelector askers;
  Conditions when;
  std::vector<Conditions> unless;  // none may hold
  std::string text;                // as written, with single spaces
  Word at;
};

struct Rule {
  Word id;
  std::string title;
  bool is_never = false;
  bool liftable = false;  // "an override may lift this"
  std::vector<Statement> statements;
  Gateway basis = Gateway::kNone;
  uint32_t obligations = 0;
  int agreement = kNoAgreement;
};

struct Override {
  Word id;
  std::string title;
  AskerSelector askers;
  Conditions when;
  uint8_t opens = 0;     // bit per Aspect
  uint32_t grounds = 0;  // bit per OverrideGround
  std::vector<Word> lifts;
  std::vector<Word> never_lifts;
  uint32_t obligations = 0;
};

struct Agreement {
  Word id;
  std::string title;
  std::vector<Word> parties;
  int64_t from_s = 0;
  int64_t until_s = 0;
  int64_t review_s = 0;
  struct Choice {
    Word holder;
    Gateway gateway = Gateway::kNone;
  };
  std::vector<Choice> choices;
};

struct Group {
  Word name;
  std::vector<Word> words;
};

// "consent explicit and in force to connexions for support-planning about contact of housing"
struct ExampleConsent {
  uint32_t states = 0;    // as in Condition::consent_states
  std::vector<Word> to;   // agencies, kinds of agencies, roles
  uint32_t purposes = 0;  // bit per Purpose
  uint8_t aspects = 0;    // bit per Aspect
  std::vector<Word> of;   // services, assessments
  std::vector<Word> sections;
  std::vector<Word> held_by;  // agencies
};

struct Example {
  Word at;
  std::string title;
  std::vector<Word> asker;  // as in AskerPhrase
  uint8_t relationships = 0;
  uint8_t relationships_unknown = 0;
  Word team;  // empty text: none
  // Those of the team, which is involved where nothing else is said.
  uint8_t team_relationships = kNamedAndSettled;
  Purpose purpose = Purpose::kUnspecified;
  bool necessity_stated = false;
  OverrideGround override_ground = OverrideGround::kNone;
  int64_t now_s = 0;  // 0: the policy's first day
  Aspect aspect = Aspect::kExistence;
  Word assessment;
  Word section;
  Word service;
  Word holder;
  std::vector<ExampleConsent> consents;
  bool consent_unknown = false;
  Tri shielded = Tri::kNo;
  Tri new_identity = Tri::kNo;
  Tri spent_offence = Tri::kNo;
  Tri names_victim = Tri::kNo;
  int64_t sixteen_from_s = kNeverS;
  int64_t adult_from_s = kNeverS;
  bool closed = false;
  bool disputed = false;
  bool marked_sensitive = false;
  bool not_brokerable = false;
  Effect effect = Effect::kHide;
  bool by_default = false;
  std::vector<Word> by;
  uint32_t missing = 0;
  Gateway basis = Gateway::kNone;  // kNone: any
  bool has_obligations = false;
  uint32_t obligations = 0;  // exactly these, where has_obligations
};

// "no ASKER sees ASPECTS of ITEMS when .. unless .. except by O1"
struct Check {
  Word at;
  std::string text;
  bool counts_broker = false;  // "learns": a broker is a finding too
  AskerSelector askers;
  AspectPhrase aspects;
  ItemPhrase items;
  Conditions when;
  std::vector<Conditions> unless;
  std::vector<Word> except_by;
  uint32_t bases = 0;  // "on basis consent": bit per Gateway; 0: whatever the basis
};

struct Policy {
  std::string name;
  int64_t version = 0;
  int64_t in_force_s = 0;
  std::string approved_by;
  bool has_default = false;
  // As grantors in Condition::consent_states: what they say, the birthday ends.
  uint32_t ends_at_16 = 0;
  uint32_t ends_at_18 = 0;
  std::vector<Word> may_name_victims;  // sections
  std::vector<Group> groups;
  std::vector<Rule> rules;
  std::vector<Override> overrides;
  std::vector<Agreement> agreements;
  std::vector<Example> examples;
  std::vector<Check> checks;
};

// Collects what is wrong, up to kDiagnosticsMax.
class Diagnostics {
 public:
  void Add(const Word& at, std::string message, std::string suggestion = "");
  // An unknown word: `candidates` are the words that would have been known there.
  void AddUnknown(const Word& at, absl::string_view what,
                  const std::vector<std::string>& candidates);
  bool full() const { return list_.size() >= static_cast<size_t>(kDiagnosticsMax); }
  bool empty() const { return list_.empty(); }
  std::vector<Diagnostic> Take() { return std::move(list_); }

 private:
  std::vector<Diagnostic> list_;
};

// The candidate nearest to `word` by edit distance, or "" where none is near.
std::string Nearest(absl::string_view word, const std::vector<std::string>& candidates);

// Whether `word` has a meaning in the language itself, so that no vocabulary may use it.
bool IsReserved(absl::string_view word);

// Where a word, quoted text or mark stands in a text: bytes [begin, end), quotes included.
struct Piece {
  size_t begin = 0;
  size_t end = 0;
  bool begins_block = false;
};
// The words of `text` as Parse() cuts them, for those who lay it out; what lies between is blanks
// and comments. What is no word is reported to `diagnostics`.
std::vector<Piece> Pieces(absl::string_view text, Diagnostics& diagnostics);

// Whether `word` begins a block where it stands first on a line.
bool MayBeginBlock(absl::string_view word);

// Reads `text`. `vocabulary` only tells assessments from services after "of". What could not be
// read is reported to `diagnostics`, and the rest is read on.
Policy Parse(absl::string_view text, const Vocabulary& vocabulary, Diagnostics& diagnostics);

}  // namespace signpost::policy::syntax

#endif  // SIGNPOST_POLICY_TEXT_SYNTAX_H_
