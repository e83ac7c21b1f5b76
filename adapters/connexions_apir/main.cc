#include "adapters/connexions_apir/connexions_apir.h"
#include "adapters/kit/program.h"

int main(int argc, char** argv) {
  return signpost::adapters::AdapterMain(signpost::adapters::connexions_apir::ConnexionsApir(),
                                         argc, argv);
}
