// A transcript is a record of what one call gave: every field of every reply, the bytes that stand
// in one included, the status with its details, and the time by the world's clock, each as a path
// and a value in words, in the order in which they came.
//
// Values that are random by design cannot be equal in two worlds. They are named in OpaqueFields(),
// each with the reason, and are compared by what they are equal to: the first that is seen in a
// world is "person-id 1", the next different one "person-id 2". So the length of such a value, and
// which of them are the same, is compared still; everything else is compared as it stands.
//
// Not thread-safe.

#ifndef SIGNPOST_TESTS_WORLDS_TRANSCRIPT_H_
#define SIGNPOST_TESTS_WORLDS_TRANSCRIPT_H_

#include <map>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace grpc {
class Status;
}  // namespace grpc

namespace signpost::worlds {

// A field whose value is random by design.
struct OpaqueField {
  const char* field;  // its full name: "signpost.v1.FindResponse.agency_person_id"
  const char* kind;   // values of one kind are compared with each other
  const char* reason;
};
const std::vector<OpaqueField>& OpaqueFields();

// What one agency has learnt in one world: by kind, each different value in the order in which it
// was first seen. Later requests name things by their place in it.
class Memory {
 public:
  // The place of `value` among those of its kind, from 1; a new one goes to the end.
  size_t Learn(const std::string& kind, const std::string& value);
  // Without learning it: larger than every place when it is not known.
  size_t PlaceOf(const std::string& kind, const std::string& value) const;
  // One of a kind by any number; "" when none was seen.
  std::string One(const std::string& kind, uint64_t any) const;
  // All of a kind, in the order in which they were seen.
  std::vector<std::string> All(const std::string& kind) const;

 private:
  struct Values {
    std::vector<std::string> seen;
    std::map<std::string, size_t> places;
  };
  std::map<std::string, Values> kinds_;
};

struct Field {
  std::string path;  // "reply.outcome.receipt.ledger_index"; elements of lists have their number
  std::string value;
};
using Transcript = std::vector<Field>;

// Adds what `message` says under `path`, and what is in it to `memory`.
void Tell(const google::protobuf::Message& message, const std::string& path, Memory* memory,
          Transcript* transcript);
// What came with the status, but for its code.
void TellStatus(const grpc::Status& status, const std::string& path, Memory* memory,
                Transcript* transcript);

struct Difference {
  std::string path;
  std::string first;   // "(nothing)" where that world has no such field
  std::string second;  //
};
// Every path at which two transcripts differ, in order.
std::vector<Difference> Compare(const Transcript& first, const Transcript& second);
// `path` without the numbers of lists' elements.
std::string WithoutNumbers(const std::string& path);

}  // namespace signpost::worlds

#endif  // SIGNPOST_TESTS_WORLDS_TRANSCRIPT_H_
