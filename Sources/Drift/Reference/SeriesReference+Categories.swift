extension SeriesReference {
    /// The most categories of a series: with the cell of all others it has as many cells as scores have.
    public static let categoriesMax = 1_000
    /// A longer value is never a category; in bytes of UTF-8.
    public static let categoryBytesMax = 1_024

    /// The grid of a categorical series: the ranks, and one more.
    ///
    /// - Precondition: 1 to `categoriesMax` categories.
    public static func grid(ofCategories count: Int) -> ValueGrid {
        precondition((1...categoriesMax).contains(count), "\(count) categories")
        return ValueGrid(from: 0, to: Double(count), cells: count + 1)
    }

    /// Why texts cannot be the categories of a series with this grid; `nil`: they can. Complexity: O(bytes).
    static func categoriesProblem(_ categories: [String], grid: ValueGrid) -> String? {
        guard (1...categoriesMax).contains(categories.count) else {
            return "\(categories.count) categories: expected 1 to \(categoriesMax)"
        }
        guard grid == self.grid(ofCategories: categories.count) else {
            return
                "\(categories.count) categories on a grid of \(grid.cellCount) cells: expected their ranks and one more"
        }
        guard categories.allSatisfy({ $0.utf8.count <= categoryBytesMax }) else {
            return "a category of more than \(categoryBytesMax) bytes"
        }
        guard Set(categories).count == categories.count else { return "a category is given twice" }
        return nil
    }
}
