export { type ShownSlip, showSlip } from "../slips/dialog";
export { type ShownToVisitor, showToVisitor, type VisitorWords } from "../visitor/dialog";
