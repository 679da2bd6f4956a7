// What libarchive's names need of the locale.
#pragma once

#include <clocale>

namespace imgport {

// libarchive turns names into the thread's character set. UTF-8 keeps them as they are, whatever LANG says.
class Utf8Names {
public:
    Utf8Names()
    {
        static locale_t const utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
        if (utf8 != nullptr)
            m_before = ::uselocale(utf8);
    }
    Utf8Names(const Utf8Names &) = delete;
    Utf8Names &operator=(const Utf8Names &) = delete;
    ~Utf8Names()
    {
        if (m_before != nullptr)
            ::uselocale(m_before);
    }

private:
    locale_t m_before = nullptr;
};

}  // namespace imgport
