// Work on many things at once.
#pragma once

#include <cstddef>
#include <functional>

namespace imgport {

// Calls work(0) ... work(count - 1), at most `threads` at a time, and returns when all are done. With one thread the
// calls come in order on the caller's own.
void for_each_index(std::size_t count, unsigned threads, const std::function<void(std::size_t)> &work);

// `wanted`, or one thread for each core where that is 0.
unsigned thread_count(unsigned wanted);

}  // namespace imgport
