// What the sanitizers must know of Debian's libraries, in every test: a file of
// suppressions would not be found inside a test's sandbox. Weak, so that a test
// may say more.
extern "C" {

// Debian's libraries keep these until exit.
__attribute__((weak)) const char* __lsan_default_suppressions() {
  return "leak:libgrpc\n"
         "leak:libp11-kit\n"
         "leak:libsofthsm2\n"
         "leak:libbotan\n"
         "leak:librocksdb\n";
}

// Debian builds these without ThreadSanitizer, which then cannot see their
// locks. A string that gRPC assigns is copied by libstdc++, whose caller is not
// on the stack any more: that one name stands for it.
__attribute__((weak)) const char* __tsan_default_suppressions() {
  return "called_from_lib:libgrpc.so\n"
         "called_from_lib:libgrpc++.so\n"
         "called_from_lib:librocksdb.so\n"
         "race:libgrpc\n"
         "race:libgpr\n"
         "race:libupb\n"
         "race:^std::__cxx11::basic_string<char*::_M_assign\n"
         "race:std::default_delete<grpc::Server>\n"
         "race:libcrypto\n"
         "race:libssl\n"
         "race:librocksdb\n"
         "race:libabsl\n"
         "race:libprotobuf\n"
         "deadlock:librocksdb\n"
         "deadlock:libgrpc\n";
}

}  // extern "C"
