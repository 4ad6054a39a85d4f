import Merops

/// Rows of text in aligned columns, two spaces apart.
package struct Columns {
  /// Where the text of a column begins.
  package enum Alignment: Sendable {
    case left
    case right
  }

  private let alignments: [Alignment]
  private var rows: [[Cell]] = []

  private struct Cell {
    var text: String
    var role: Style.Role?
  }

  /// A table with columns of the given alignments; a row may have fewer cells.
  package init(_ alignments: [Alignment]) { self.alignments = alignments }

  /// Adds a row.
  package mutating func add(_ cells: String..., role: Style.Role? = nil) {
    rows.append(cells.map { Cell(text: $0.printable, role: role) })
  }

  /// The lines, without white space at their ends.
  package func lines(_ style: Style, indentation: Int = 0) -> [String] {
    var widths = [Int](repeating: 0, count: alignments.count)
    for row in rows {
      for (index, cell) in row.enumerated() where index < widths.count {
        widths[index] = max(widths[index], cell.text.count)
      }
    }
    return rows.map { row in
      var line = ""
      var pending = String(repeating: " ", count: indentation)
      for (cell, (width, alignment)) in zip(row, zip(widths, alignments)) {
        let room = String(repeating: " ", count: width - cell.text.count)
        let text = cell.role.map { style.applied($0, to: cell.text) } ?? cell.text
        if alignment == .right { pending += room }
        if !cell.text.isEmpty {
          line += pending + text
          pending = ""
        }
        pending += (alignment == .left ? room : "") + "  "
      }
      return line
    }
  }
}
