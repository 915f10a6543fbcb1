// Cycles in the start order, by a depth-first search without recursion: thousands of containers may
// stand in one line.
#include "corun/supervise/start_order.hpp"

#include "corun/base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace corun::supervise {

namespace {

using Problems = std::map<std::string, std::string, std::less<>>;

class Search {
public:
    explicit Search(const std::vector<UnitOrder>& units) : units_(units), nodes_(units.size()) {
        for (std::size_t i = 0; i < units.size(); ++i) {
            index_.emplace(units[i].id, i);
        }
        for (std::size_t i = 0; i < units.size(); ++i) {
            add_edges(i, units[i].after);
            add_edges(i, units[i].required);
        }
    }

    [[nodiscard]] Problems run() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].color == Color::unseen) {
                visit(i);
            }
        }
        return std::move(problems_);
    }

private:
    enum class Color : std::uint8_t { unseen, on_path, done };

    struct Node {
        std::vector<std::size_t> before;  // those it waits for
        std::size_t next = 0;             // of `before`, to be looked at
        Color color = Color::unseen;
    };

    void add_edges(std::size_t from, const std::vector<std::string>& ids) {
        for (const std::string& id : ids) {
            const auto found = index_.find(id);
            if (found != index_.end()) {
                nodes_[from].before.push_back(found->second);
            }
        }
    }

    void visit(std::size_t start) {
        enter(start);
        while (!path_.empty()) {
            Node& node = nodes_[path_.back()];
            if (node.next == node.before.size()) {
                node.color = Color::done;
                path_.pop_back();
                continue;
            }
            const std::size_t other = node.before[node.next++];
            if (nodes_[other].color == Color::unseen) {
                enter(other);
            } else if (nodes_[other].color == Color::on_path) {
                report_cycle(other);
            }
        }
    }

    void enter(std::size_t index) {
        nodes_[index].color = Color::on_path;
        path_.push_back(index);
    }

    /// The path from `first` to its end leads back to `first`.
    void report_cycle(std::size_t first) {
        const auto begin = std::find(path_.begin(), path_.end(), first);
        std::string text = "start order: ";
        for (auto step = begin; step != path_.end(); ++step) {
            text += concat(units_[*step].id, " → ");
        }
        text += units_[first].id;
        for (auto step = begin; step != path_.end(); ++step) {
            problems_.emplace(units_[*step].id, text);
        }
    }

    const std::vector<UnitOrder>& units_;
    std::vector<Node> nodes_;
    std::map<std::string_view, std::size_t> index_;
    std::vector<std::size_t> path_;
    Problems problems_;
};

}  // namespace

Problems find_order_problems(const std::vector<UnitOrder>& units) {
    Problems problems = Search(units).run();
    std::map<std::string_view, bool> there;
    for (const UnitOrder& unit : units) {
        there[unit.id] = true;
    }
    for (const UnitOrder& unit : units) {
        for (const std::string& id : unit.required) {
            if (there.count(id) == 0) {
                problems.emplace(unit.id, concat("requires ", quote(id), ", which does not exist"));
            }
        }
    }
    return problems;
}

}  // namespace corun::supervise
