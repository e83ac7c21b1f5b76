#include "hub/matching/keys.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hub/matching/identifiers.h"
#include "tests/base/test_keyring.h"
#include "tests/people/people_fixture.h"

namespace signpost::matching {
namespace {

using people::Details;
using store::v1::AliasHashes;

class KeysTest : public people::PeopleFixture {
 protected:
  bool Share(const signpost::v1::PersonDetails& stored, const signpost::v1::PersonDetails& query) {
    const std::vector<std::string> have = keys_.StoredKeys(keys_.Hash(stored));
    for (const std::string& key : keys_.QueryKeys(keys_.Hash(query))) {
      if (std::find(have.begin(), have.end(), key) != have.end()) return true;
    }
    return false;
  }
  const std::unique_ptr<Normaliser> normaliser_ = *Normaliser::Create();
  const Keys keys_{*keyring_, normaliser_.get()};
};

TEST_F(KeysTest, EqualFieldsHashAlikeHoweverWritten) {
  const AliasHashes a =
      keys_.Hash(Details("Mr Tariq", "O'Brien", 20090314, "nt1 4qz", "9434765919"));
  const AliasHashes b = keys_.Hash(Details("TARIQ", "OBrien", 20090314, "NT14QZ", "943 476 5919"));
  EXPECT_EQ(a.SerializeAsString(), b.SerializeAsString());
  EXPECT_EQ(a.given().size(), kFieldHashBytes);
  EXPECT_EQ(a.given_first().size(), kFieldHashBytes);
  EXPECT_NE(a.given(),
            a.given_first());  // another label, so the two are never taken for each other
}

TEST_F(KeysTest, NullsHaveNoHash) {
  const AliasHashes h = keys_.Hash(Details("Baby", "", 0, "ZZ99 3VZ", "1111111111"));
  EXPECT_EQ(h.SerializeAsString(), "");
  EXPECT_TRUE(keys_.StoredKeys(h).empty());
}

TEST_F(KeysTest, HashesAreKeyed) {
  std::unique_ptr<base::Keyring> other = base::testing::MakeKeyring('x');
  const Keys others(*other, normaliser_.get());
  const signpost::v1::PersonDetails details = Details("Tariq", "Hussain", 20090314, "NT1 4QZ");
  EXPECT_NE(keys_.Hash(details).surname(), others.Hash(details).surname());
  EXPECT_NE(keys_.StoredKeys(keys_.Hash(details)), others.StoredKeys(others.Hash(details)));
}

TEST_F(KeysTest, SomebodyIsFoundThroughEachKindOfSlip) {
  const auto stored = Details("Tariq", "Hussain", 20090304, "NT1 4QZ", "9434765919");
  EXPECT_TRUE(Share(stored, Details("Tariq", "Hussain", 20090304, "NT1 4QZ")));
  EXPECT_TRUE(Share(stored, Details("Tariq", "Hussain", 20090304, "")));         // moved
  EXPECT_TRUE(Share(stored, Details("Tariq", "Hussain", 20090403, "")));         // day and month
  EXPECT_TRUE(Share(stored, Details("Hussain", "Tariq", 20090304, "")));         // names
  EXPECT_TRUE(Share(stored, Details("Tarik", "Hussein", 20090304, "NT1 4QZ")));  // misspelt
  EXPECT_TRUE(Share(stored, Details("Tariq", "Hussain", 20080304, "NT1 4QZ")));  // wrong year
  EXPECT_TRUE(Share(stored, Details("X", "Y", 20010101, "", "9434765919")));     // by number
  EXPECT_FALSE(Share(stored, Details("Tarik", "Hussein", 20090304, "NT9 9ZZ")));
  EXPECT_FALSE(Share(stored, Details("Tariq", "Hussain", 20080304, "NT9 9ZZ")));
}

}  // namespace
}  // namespace signpost::matching
