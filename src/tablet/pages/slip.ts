export { type ShownSlip, showSlip } from "../slips/dialog";
