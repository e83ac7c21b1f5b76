#include "adapters/kit/program.h"
#include "adapters/yot_asset/yot_asset.h"

int main(int argc, char** argv) {
  return signpost::adapters::AdapterMain(signpost::adapters::yot_asset::YotAsset(), argc, argv);
}
