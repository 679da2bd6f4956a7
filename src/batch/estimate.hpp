// How much space a job will take, before anything is known but the size of its source.
#pragma once

#include <cstdint>
#include <string>

#include <imgport/batch.hpp>

namespace imgport {

// What there is to read: the allocated bytes of the source and its data disks. 0 where that cannot be told.
std::uint64_t source_bytes(const BatchJob &job);

// By its name: it is unpacked before it can be read.
bool looks_packed(const std::string &path);

// What is kept free for its artifact. The container is not looked into: a run must survive whatever that holds.
std::uint64_t reserve_for(const std::string &path, std::uint64_t allocated, const ConvertOptions &options);

}  // namespace imgport
