// A library that is opened only when something asks for it: what few commands need, and has no archive that
// can be linked in. Invariant: its symbols stay its own (RTLD_LOCAL), so that two libraries with the same
// names never meet.
#pragma once
#include <string>

namespace authctl::base {

class SharedLibrary {
 public:
  // `name`: libexample.so.1; `package`: what to install where it is missing. Error io.
  SharedLibrary(std::string name, std::string package);
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;

  // Error io where the library has no such function.
  template <class Function>
  Function* function(const char* symbol) const {
    return reinterpret_cast<Function*>(address(symbol));
  }

 private:
  void* address(const char* symbol) const;
  std::string name_;
  void* handle_;
};

}  // namespace authctl::base
