// An intrusive doubly linked list: nodes live inside their owners (awaiters, scopes), so that
// waiting allocates nothing and leaving any list takes constant time. A node leaves when it dies.
#pragma once

#include "corun/base/scope.hpp"

namespace corun::async {

/// Base of what can be in one List per `Tag` at a time.
template <class Tag>
class Link : NonCopyable {
public:
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    Link(Link&&) = delete;
    Link& operator=(Link&&) = delete;

    [[nodiscard]] bool linked() const { return next_ != nullptr; }

    void unlink() noexcept {
        if (linked()) {
            previous_->next_ = next_;
            next_->previous_ = previous_;
            previous_ = next_ = nullptr;
        }
    }

protected:
    Link() = default;

    ~Link() { unlink(); }

private:
    template <class T, class OtherTag>
    friend class List;

    Link* previous_ = nullptr;
    Link* next_ = nullptr;
};

/// First in, first out. Owns nothing.
template <class T, class Tag>
class List : NonCopyable {
public:
    List() { head_.previous_ = head_.next_ = &head_; }

    ~List() {
        while (!empty()) {
            (void)pop_front();  // its owner keeps it; it only must not point here any more
        }
        head_.previous_ = head_.next_ = nullptr;
    }

    List(const List&) = delete;
    List& operator=(const List&) = delete;
    List(List&&) = delete;
    List& operator=(List&&) = delete;

    [[nodiscard]] bool empty() const { return head_.next_ == &head_; }

    void push_back(T& element) {
        Link<Tag>& link = element;
        link.previous_ = head_.previous_;
        link.next_ = &head_;
        head_.previous_->next_ = &link;
        head_.previous_ = &link;
    }

    [[nodiscard]] T& front() { return static_cast<T&>(*head_.next_); }

    [[nodiscard]] T& pop_front() {
        T& element = front();
        static_cast<Link<Tag>&>(element).unlink();
        return element;
    }

    /// Calls `visit` on each element; `visit` may take that element (no other) out of the list.
    template <class Visit>
    void for_each(Visit visit) {
        Link<Tag>* link = head_.next_;
        while (link != &head_) {
            Link<Tag>* const next = link->next_;
            visit(static_cast<T&>(*link));
            link = next;
        }
    }

private:
    struct Head : Link<Tag> {};

    Head head_;
};

}  // namespace corun::async
