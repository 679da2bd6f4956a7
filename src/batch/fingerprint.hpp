// Who a job is: the identity of everything it reads, its options, and the program's version. A job of the same
// fingerprint gives the same result, so a finished one is not done again.
#pragma once

#include <map>
#include <string>

#include <imgport/batch.hpp>

namespace imgport {

class Fingerprints {
public:
    // 64 hex digits.
    std::string of(const BatchJob &job);

private:
    const std::string &content_of(const std::string &path);

    std::map<std::string, std::string> m_contents;  // small files that many jobs name
};

// Whether the job's image and its data disks can be seen. Addresses on other machines count as there.
bool sources_there(const BatchJob &job);

}  // namespace imgport
