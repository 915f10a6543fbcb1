// in_context for tasks: the clause that is put in front of an Error on its way up.
#pragma once

#include "corun/async/task.hpp"
#include "corun/base/error.hpp"

#include <string>
#include <utility>

namespace corun::async {

using corun::in_context;  // the one for plain calls; this file adds the one for tasks

/// Runs `task`; if it throws an Error, puts `clause` in front.
template <class T>
Task<T> in_context(std::string clause, Task<T> task) {
    try {
        co_return co_await std::move(task);
    } catch (Error& error) {
        error.add_context(clause);
        throw;
    }
}

}  // namespace corun::async
