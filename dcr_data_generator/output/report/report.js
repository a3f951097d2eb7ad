// The rows of the table before a button as CSV; a cell begins with no sign that a spreadsheet takes for a formula.
const csv = (table) =>
  [...table.rows].map((row) => [...row.cells].map((cell) =>
    `"${cell.textContent.trim().replace(/^(?=[=+@\t\r]|-\D)/, "'").replaceAll('"', '""')}"`).join(",")).join("\r\n");
for (const button of document.querySelectorAll("button.csv"))
  button.onclick = () => {
    const table = button.previousElementSibling.querySelector("table"), link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(table)], {type: "text/csv"}));
    link.download = `${table.caption.textContent}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
for (const button of document.querySelectorAll("button:not(.csv)"))
  button.onclick = async () => {
    const query = button.previousElementSibling;
    getSelection().selectAllChildren(query);
    await navigator.clipboard?.writeText(query.textContent).catch(() => document.execCommand("copy"));
    button.textContent = "Copied";
  };
// A printed page has its queries unfolded, but for those that it leaves out.
const unfold = (open) => document.querySelectorAll("details:not(.screen *)").forEach((details) => (details.open = open));
addEventListener("beforeprint", () => unfold(true));
addEventListener("afterprint", () => unfold(false));
