#include <iostream>
#include <string>
#include <vector>

#include "tools/chancery/run.h"

int main(int argc, char** argv) {
  return chancery::cli::Run(std::vector<std::string>(argv + 1, argv + argc),
                            std::cout, std::cerr);
}
