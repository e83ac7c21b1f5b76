#include "adapters/kit/program.h"
#include "adapters/social_services/social_services.h"

int main(int argc, char** argv) {
  return signpost::adapters::AdapterMain(signpost::adapters::social_services::SocialServices(),
                                         argc, argv);
}
