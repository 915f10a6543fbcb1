// std::cout and its kind, which nothing here uses: output is write(2)'s. They come with the headers
// of CLI11, and to make eight streams and their locale takes 9,000 instructions of each command.
// These two stand in the place of the constructor and the destructor that each file with <iostream>
// calls (the linker's --wrap). Nothing stands in the place of the streams: a use of std::cout does
// not link (undefined reference to `__wrap__ZSt4cout').

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
extern "C" void __wrap__ZNSt8ios_base4InitC1Ev(void* /*init*/) {}

extern "C" void __wrap__ZNSt8ios_base4InitD1Ev(void* /*init*/) {}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
