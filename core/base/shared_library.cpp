#include "core/base/shared_library.h"

#include <dlfcn.h>

#include "core/base/error.h"

namespace authctl::base {

// Never closed: its code may be in use until the process ends.
SharedLibrary::SharedLibrary(std::string name, std::string package)
    : name_(std::move(name)), handle_(dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!handle_)
    throw Error{ErrorCode::io, "the library " + name_ + " cannot be loaded", "apt-get install " + package};
}

void* SharedLibrary::address(const char* symbol) const {
  void* found = dlsym(handle_, symbol);
  if (!found)
    throw Error{ErrorCode::io, "the library " + name_ + " has no function " + symbol,
                "install the version of it that Debian 12 has, or a newer one"};
  return found;
}

}  // namespace authctl::base
