// A fact that was looked for: either its value, or why it could not be read. Nothing unknown ever passes a rule.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace imgport {

struct Unknown {
    std::string reason;  // in the user's terms: "/etc/fstab: not valid text"
};

template <class T>
class Known {
public:
    Known() : m_value(Unknown{"not looked for"}) {}
    Known(T value) : m_value(std::move(value)) {}
    Known(Unknown unknown) : m_value(std::move(unknown)) {}

    explicit operator bool() const { return std::holds_alternative<T>(m_value); }
    const T &operator*() const { return std::get<T>(m_value); }
    T &operator*() { return std::get<T>(m_value); }
    const T *operator->() const { return &std::get<T>(m_value); }
    T *operator->() { return &std::get<T>(m_value); }
    // Only where there is no value.
    const std::string &reason() const { return std::get<Unknown>(m_value).reason; }

private:
    std::variant<T, Unknown> m_value;
};

}  // namespace imgport
