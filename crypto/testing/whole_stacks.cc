// Under AddressSanitizer: SoftHSM leaks a little each time that it loads an EC
// key, through OpenSSL, and only with whole stacks do suppressions recognise
// whose it is.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "fast_unwind_on_malloc=0";
}
