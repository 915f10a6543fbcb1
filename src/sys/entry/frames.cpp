// Unwind tables of a static binary. GCC's start-up code for one registers all of them with the
// unwinder, which then sorts them at the first throw: milliseconds for a program of this size. Told
// nothing, the unwinder finds the table that the linker has sorted (--eh-frame-hdr) by
// dl_iterate_phdr(3), as in a dynamic program. These two stand in the place of the functions of
// libgcc that the start-up code calls (the linker's --wrap).

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
extern "C" void __wrap___register_frame_info(const void* /*begin*/, void* /*object*/) {}

extern "C" void* __wrap___deregister_frame_info(const void* /*begin*/) {
    return nullptr;
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
